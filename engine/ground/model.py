"""Hold the tables: one model for SQLite and PostgreSQL. Names are singular, ids are UUIDv7 as text."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from engine.ground import compact

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """Keep a UTC moment; SQLite forgets the zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """Turn a moment into what the driver takes; an act writes its one moment into a dozen columns."""
        process = super().bind_processor(dialect)
        return lru_cache(maxsize=64)(process) if process else None

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a zone")
        return value if value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """Keep plain data as JSON text, in its own order (JSONB would sort the keys).

    None is NULL, or the text `null` where a column must tell a null value from no value.
    """

    impl = Text
    cache_ok = True

    def __init__(self, keep_null: bool = False) -> None:
        super().__init__()
        self.keep_null = keep_null

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None and not self.keep_null else compact.write(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def _id(name: str = "id", **options: Any) -> Column[str]:
    return Column(name, String(36), **options)


def _ref(name: str, target: str, nullable: bool = False) -> Column[str]:
    return Column(name, String(36), ForeignKey(target), nullable=nullable)


# What is run

definition = Table(
    "definition",
    metadata,
    _id(primary_key=True),
    Column("key", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("source", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published_at", Moment, nullable=False),
    _id("published_by", nullable=True),
    Column("note", Text, nullable=False, default=""),
    UniqueConstraint("key", "version"),
)

form = Table(
    "form",
    metadata,
    _id("definition_id", primary_key=True),
    # A decision table's ends in ".dmn".
    Column("key", String(100), primary_key=True),
    Column("source", Text, nullable=False),
)

draft = Table(
    "draft",
    metadata,
    # "task:<id>" (a form being filled in) or "process:<key>" (a diagram being drawn)
    Column("subject", String(150), primary_key=True),
    Column("content", Json, nullable=False),
    Column("revision", Integer, nullable=False),
    _id("saved_by", nullable=True),
    Column("saved_at", Moment, nullable=False),
)

# What runs

instance = Table(
    "instance",
    metadata,
    _id(primary_key=True),
    _ref("definition_id", "definition.id"),
    Column("process_key", String(100), nullable=False),
    Column("business_key", String(200), nullable=False),
    Column("round", Integer, nullable=False),
    Column("title", String(300), nullable=False),
    Column("unit_code", String(50)),
    _ref("parent_id", "instance.id", nullable=True),
    _id("parent_token", nullable=True),
    _id("root_id", nullable=False),
    _id("starter_id", nullable=True),
    Column("state", String(20), nullable=False),  # active, completed, cancelled, failed
    Column("outcome", String(100)),
    Column("version", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("process_key", "business_key", "round"),
    Index("ix_instance_parent_id", "parent_id"),
    Index("ix_instance_root_id", "root_id"),
    Index("ix_instance_starter_id", "starter_id", "started_at"),
)

instance_state = Table(
    "instance_state",
    metadata,
    _id("instance_id", primary_key=True),
    Column("page", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),  # the live tokens on this page, as JSON
)

participant = Table(
    "participant",
    metadata,
    Column("principal", String(120), primary_key=True),  # "post:hr.staff" or "person:<id>"
    _id("instance_id", primary_key=True),
)

task = Table(
    "task",
    metadata,
    _id(primary_key=True),  # also the id of the token that waits
    _ref("instance_id", "instance.id"),
    Column("activity_id", String(200), nullable=False),
    Column("name", String(300), nullable=False),
    Column("form_key", String(100)),
    Column("state", String(20), nullable=False),  # open, completed, cancelled
    _id("assignee_id", nullable=True),
    Column("candidates", Json, nullable=False),  # post references, e.g. ["hr.staff"]
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("completed_at", Moment),
    _id("completed_by", nullable=True),
    _id("acting_for", nullable=True),  # 代理: in whose place it was completed
    Column("outcome", String(100)),
    Column("revision", Integer, nullable=False),
    # where it came from: {"task": id, "name": …, "person": id, "outcome": …, "text": …} or null
    Column("cause", Json),
    # what completing it did, so that it may be withdrawn: {"task": id, "variables": {name: before}} or null
    Column("effect", Json),
    Index("ix_task_instance_id", "instance_id"),
    Index("ix_task_completed_by", "completed_by", "completed_at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("principal", String(120), primary_key=True),
    Column("due_at", Moment, primary_key=True),  # the end of time where a task has no deadline
    _id("task_id", primary_key=True),
    Index("ix_inbox_task_id", "task_id"),
)

variable = Table(
    "variable",
    metadata,
    _id("instance_id", primary_key=True),
    Column("scope", String(36), primary_key=True),  # "" is the instance; else the token that opened the scope
    Column("name", String(100), primary_key=True),
    Column("value", Json(keep_null=True), nullable=False),
)

document = Table(
    "document",
    metadata,
    _id(primary_key=True),
    Column("business_key", String(200), nullable=False),
    Column("name", String(100), nullable=False),
    Column("kind", String(20), nullable=False),  # form, file
    Column("title", String(300), nullable=False),
    _id("instance_id", nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("business_key", "name"),
    Index("ix_document_instance_id", "instance_id"),
)

document_version = Table(
    "document_version",
    metadata,
    _ref("document_id", "document.id"),
    Column("number", Integer, nullable=False),
    Column("content", Json),  # a form's values
    Column("file_name", String(300)),
    Column("media_type", String(150)),
    Column("size", Integer),
    Column("digest", String(64), nullable=False),  # of the file, or of the JSON text
    Column("created_at", Moment, nullable=False),
    _id("created_by", nullable=True),
    _id("task_id", nullable=True),
    UniqueConstraint("document_id", "number"),
)

opinion = Table(
    "opinion",
    metadata,
    _id(primary_key=True),
    _ref("instance_id", "instance.id"),
    _ref("task_id", "task.id"),
    Column("activity_name", String(300), nullable=False),
    _id("person_id", nullable=False),
    Column("post", String(120), nullable=False),
    _id("acting_for", nullable=True),  # 代理: in whose place the person decided
    _id("entered_by", nullable=True),  # 代录： who typed in what was signed on paper
    _id("scan_id", nullable=True),
    Column("outcome", String(100), nullable=False),
    Column("text", Text, nullable=False),
    Column("made_on", Date, nullable=False),  # the date on the paper, or of the act
    Column("recorded_at", Moment, nullable=False),
    Index("ix_opinion_instance_id", "instance_id"),
)

job = Table(
    "job",
    metadata,
    _id(primary_key=True),
    Column("kind", String(20), nullable=False),  # timer, function, return, start, remind, chase
    Column("key", String(200), unique=True),
    _id("instance_id", nullable=True),
    _id("token_id", nullable=True),
    _id("task_id", nullable=True),
    Column("due_at", Moment, nullable=False),
    Column("state", String(20), nullable=False),  # due, leased, done, cancelled, failed
    Column("attempts", Integer, nullable=False, default=0),
    Column("leased_until", Moment),
    Column("payload", Json, nullable=False),
    Column("closed_at", Moment),
    Index("ix_job_state_due_at", "state", "due_at"),
    Index("ix_job_instance_id", "instance_id", "state"),
    Index("ix_job_task_id", "task_id"),
)

message = Table(
    "message",
    metadata,
    _id(primary_key=True),
    Column("name", String(200), nullable=False),
    Column("business_key", String(200), nullable=False),
    Column("content", Json, nullable=False),
    _id("sender_id", nullable=True),  # the instance that sent it
    _id("token_id", nullable=True),  # the subscription that it is on its way to; null while it waits
    Column("sent_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_message_name", "name", "business_key"),
    Index("ix_message_token_id", "token_id"),
)

# What was sent from outside, so that its sender can ask whether it was received; forgotten a month after its end.
dispatch = Table(
    "dispatch",
    metadata,
    _id(primary_key=True),  # of the message
    _id("person_id", nullable=True),  # who sent it
    Column("name", String(200), nullable=False),
    Column("business_key", String(200), nullable=False),
    Column("sent_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("received_at", Moment),
    Index("ix_dispatch_expires_at", "expires_at"),
)

subscription = Table(
    "subscription",
    metadata,
    _id(primary_key=True),  # the token that waits; of a process that is started, an id of its own
    Column("kind", String(20), nullable=False),  # message, signal
    Column("name", String(200), nullable=False),
    Column("business_key", String(200)),
    _id("instance_id", nullable=True),
    Column("process_key", String(100)),  # the process that is started
    Column("activity_id", String(200), nullable=False),
    Column("once", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_subscription_name", "kind", "name", "business_key"),
    Index("ix_subscription_process_key", "process_key"),
)

incident = Table(
    "incident",
    metadata,
    _id(primary_key=True),
    _id("job_id", nullable=True),
    _id("instance_id", nullable=True),
    Column("activity_id", String(200), nullable=False, default=""),
    Column("message", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("resolved_at", Moment),
    _id("resolved_by", nullable=True),
    Column("resolution", Text),
    Index("ix_incident_instance_id", "instance_id"),
)

# What happened

event = Table(
    "event",
    metadata,
    Column("stream", String(120), primary_key=True),  # "instance:<id>", "definition:<key>", "account:<id>", "access"
    Column("number", Integer, primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("payload", LargeBinary),
    Column("digest", LargeBinary, nullable=False),
)

# Whose payload and salt were lawfully blanked; it only grows.
erasure = Table(
    "erasure",
    metadata,
    Column("stream", String(120), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("authority", Text, nullable=False),
    Column("reason", Text, nullable=False),
    _id("by", nullable=False),
    Column("at", Moment, nullable=False),
)

anchor = Table(
    "anchor",
    metadata,
    _id(primary_key=True),
    Column("at", Moment, nullable=False),
    Column("streams", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)

notice = Table(
    "notice",
    metadata,
    _id(primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    _id("person_id", nullable=False),
    Column("kind", String(30), nullable=False),
    Column("title", String(300), nullable=False),
    Column("body", Text, nullable=False),
    Column("link", String(300), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("read_at", Moment),
    Index("ix_notice_person_id", "person_id", "created_at"),
)

# Who

unit = Table(
    "unit",
    metadata,
    _id(primary_key=True),
    Column("code", String(50), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(30), nullable=False),  # department, institution, group
    Column("ordinal", Integer, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date),
    _id("successor_id", nullable=True),
)

post = Table(
    "post",
    metadata,
    _id(primary_key=True),
    _ref("unit_id", "unit.id"),
    Column("code", String(50), nullable=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(30), nullable=False),  # head, staff, leader, deputy, member, director, secretary …
    Column("reference", String(110), nullable=False, unique=True),  # "<unit code>.<post code>"
    Column("ordinal", Integer, nullable=False),
    Column("ends", Date),
)

person = Table(
    "person",
    metadata,
    _id(primary_key=True),
    Column("name", String(100), nullable=False),
    Column("number", String(50), unique=True),
)

holding = Table(
    "holding",
    metadata,
    _id(primary_key=True),
    _ref("person_id", "person.id"),
    _ref("post_id", "post.id"),
    Column("starts", Date, nullable=False),
    Column("ends", Date),
    Index("ix_holding_person_id", "person_id"),
    Index("ix_holding_post_id", "post_id"),
)

substitution = Table(
    "substitution",
    metadata,
    _id(primary_key=True),
    _ref("principal_id", "person.id"),
    _ref("deputy_id", "person.id"),
    _ref("post_id", "post.id"),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("authority", Text, nullable=False),
    Column("granted_at", Moment, nullable=False),
    _id("granted_by", nullable=True),
    Column("revoked_at", Moment),
    _id("revoked_by", nullable=True),
    Index("ix_substitution_principal_id", "principal_id"),
    Index("ix_substitution_deputy_id", "deputy_id"),
    Index("ix_substitution_post_id", "post_id"),
)

account = Table(
    "account",
    metadata,
    _id(primary_key=True),
    Column("person_id", String(36), ForeignKey("person.id"), nullable=False, unique=True),
    Column("login", String(100), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("roles", Json, nullable=False),  # of: system, security, audit, process
    Column("failures", Integer, nullable=False, default=0),
    Column("locked_until", Moment),
    Column("must_change", Boolean, nullable=False, default=False),
    Column("disabled", Boolean, nullable=False, default=False),
)

session = Table(
    "session",
    metadata,
    _id(primary_key=True),
    _ref("account_id", "account.id"),
    Column("started_at", Moment, nullable=False),
    Index("ix_session_account_id", "account_id"),
)

failure = Table(
    "failure",
    metadata,
    # wrong passwords for an account: from an address, or "browser:<id>" of one that has signed in to it before
    _id("account_id", primary_key=True),
    Column("source", String(100), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
)

token = Table(
    "token",
    metadata,
    # A personal token, by which a program acts for a person; the secret itself is kept nowhere.
    _id(primary_key=True),
    _ref("account_id", "account.id"),
    Column("name", String(100), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the secret
    Column("scopes", Json, nullable=False),  # of: read, act, send, metrics
    Column("expires", Date, nullable=False),  # its last day
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
    Index("ix_token_account_id", "account_id"),
)

idempotency = Table(
    "idempotency",
    metadata,
    # What an act by a token was answered, so that asking again under its key does nothing twice.
    _id("token_id", primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256 of the request
    Column("status", Integer, nullable=False),
    Column("body", Json, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_idempotency_at", "at"),
)

calendar_day = Table(
    "calendar_day",
    metadata,
    Column("day", Date, primary_key=True),
    Column("workday", Boolean, nullable=False),
    Column("source", String(200), nullable=False),
)

calendar_year = Table(
    "calendar_year",
    metadata,
    Column("year", Integer, primary_key=True, autoincrement=False),  # entered whole: its other days go by the week
    Column("source", String(200), nullable=False),
)

parameter = Table(
    "parameter",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    _id("set_by", nullable=True),
    Column("set_at", Moment, nullable=False),
)
