"""Let a payload be blanked where an erasure is registered, and nothing else; nobody changes that register."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0008"

EVENTS = "事件记录只能追加,不能修改或删除。"
REGISTERS = {"erasure": "清除登记只能追加,不能修改或删除。", "anchor": "锚定登记只能追加,不能修改或删除。"}

# Everything of an event but its payload and its salt; the record of an erasure is never erased.
COLUMNS = ("stream", "number", "kind", "at", "envelope", "digest")
BLANKED = "OLD.payload IS NOT NULL AND NEW.payload IS NULL AND OLD.kind <> 'event.erased'"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("stream", sa.String(length=120), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stream", "number", name=op.f("pk_erasure")),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _guard_on_sqlite() -> None:
    for name in ("event_no_update", "event_no_replace"):
        op.execute(f"DROP TRIGGER {name}")
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in ("rowid", *COLUMNS))
    registered = "EXISTS (SELECT 1 FROM erasure WHERE stream = OLD.stream AND number = OLD.number)"
    lawful = f"{BLANKED} AND NEW.salt IS X'' AND {same} AND {registered}"
    refuse = f"BEGIN SELECT RAISE(ABORT, '{EVENTS}'); END"
    op.execute(f"CREATE TRIGGER event_no_update BEFORE UPDATE ON event WHEN NOT ({lawful}) {refuse}")
    _refuse_replacing("event", "stream = NEW.stream AND number = NEW.number", refuse)
    for table, message in REGISTERS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        key = "stream = NEW.stream AND number = NEW.number" if table == "erasure" else "id = NEW.id"
        _refuse_replacing(table, key, refuse)


def _refuse_replacing(table: str, key: str, refuse: str) -> None:
    """A row that takes another's place, by its key or its rowid, deletes it without firing the trigger on deletes."""
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE ({key}) OR rowid = NEW.rowid)"
    op.execute(f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}")


def _guard_on_postgresql() -> None:
    op.execute("DROP TRIGGER event_no_change ON event")
    _refuse("event", "DELETE OR TRUNCATE", "refuse_event_change()")
    same = " AND ".join(f"NEW.{name} IS NOT DISTINCT FROM OLD.{name}" for name in COLUMNS)
    # The table is named in full and nothing else is looked up: a caller's own `erasure` must not count.
    op.execute(
        "CREATE FUNCTION refuse_event_update() RETURNS trigger LANGUAGE plpgsql "
        "SET search_path = pg_catalog, pg_temp AS $$ DECLARE registered boolean; BEGIN "
        "EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I.erasure WHERE stream = $1 AND number = $2)', TG_TABLE_SCHEMA) "
        "INTO registered USING OLD.stream, OLD.number; "
        f"IF registered AND {BLANKED} AND octet_length(NEW.salt) = 0 AND {same} "
        f"THEN RETURN NEW; END IF; RAISE EXCEPTION '{EVENTS}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_event_update()"
    )
    op.execute("ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_update")
    op.execute(
        "CREATE FUNCTION refuse_register_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table, message in REGISTERS.items():
        _refuse(table, "UPDATE OR DELETE OR TRUNCATE", f"refuse_register_change('{message}')")


def _refuse(table: str, acts: str, function: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE {acts} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {function}"
    )
    # ALWAYS: a session that plays the replica fires no ordinary trigger.
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change")
