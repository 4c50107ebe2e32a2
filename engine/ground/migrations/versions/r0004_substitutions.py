"""Keep who stands in for whom, and for whom a task was done."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "substitution",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("principal_id", sa.String(length=36), nullable=False),
        sa.Column("deputy_id", sa.String(length=36), nullable=False),
        sa.Column("post_id", sa.String(length=36), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(length=36), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(["principal_id"], ["person.id"], name=op.f("fk_substitution_principal_id")),
        sa.ForeignKeyConstraint(["deputy_id"], ["person.id"], name=op.f("fk_substitution_deputy_id")),
        sa.ForeignKeyConstraint(["post_id"], ["post.id"], name=op.f("fk_substitution_post_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_substitution")),
    )
    for name in ("principal_id", "deputy_id", "post_id"):
        op.create_index(f"ix_substitution_{name}", "substitution", [name])
    for table in ("task", "opinion"):
        op.add_column(table, sa.Column("acting_for", sa.String(length=36), nullable=True))
