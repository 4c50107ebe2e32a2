"""Tell every node that a job has been made (PostgreSQL)."""

from alembic import op

revision = "0008"
down_revision = "0004"

CHANNEL = "suixu_job"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(
        "CREATE FUNCTION tell_job() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_notify('{CHANNEL}', ''); RETURN NULL; END $$"
    )
    op.execute("CREATE TRIGGER job_told AFTER INSERT ON job FOR EACH STATEMENT EXECUTE FUNCTION tell_job()")
