"""Divide the state of an instance into pages."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("instance_state") as table:
        table.add_column(sa.Column("page", sa.Integer(), server_default="0", autoincrement=False, nullable=False))
        table.drop_constraint("pk_instance_state", type_="primary")
        table.create_primary_key("pk_instance_state", ["instance_id", "page"])
    with op.batch_alter_table("instance_state") as table:
        table.alter_column("page", server_default=None)
