"""Let nobody change, delete or replace an event, not even by SQL."""

from alembic import op

revision = "0002"
down_revision = "0001"

MESSAGE = "事件记录只能追加,不能修改或删除。"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_events_on_sqlite()
    else:
        _guard_events_on_postgresql()


def _guard_events_on_sqlite() -> None:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    op.execute(f"CREATE TRIGGER event_no_update BEFORE UPDATE ON event {refuse}")
    op.execute(f"CREATE TRIGGER event_no_delete BEFORE DELETE ON event {refuse}")
    # INSERT OR REPLACE deletes without firing the trigger on deletes.
    taken = "EXISTS (SELECT 1 FROM event WHERE stream = NEW.stream AND number = NEW.number)"
    op.execute(f"CREATE TRIGGER event_no_replace BEFORE INSERT ON event WHEN {taken} {refuse}")


def _guard_events_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change()"
    )
    # ALWAYS: a session that plays the replica fires no ordinary trigger.
    op.execute("ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_change")
