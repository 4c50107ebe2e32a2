"""Let a program act for a person by a token of theirs (接口令牌): scoped, dated, revocable; only its hash is kept."""

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from engine.core import history, organization, plain_text
from engine.core.sessions import Session
from engine.ground import model
from engine.ground.errors import Fault, Invalid, NotFound
from engine.ground.unit_of_work import Actor, Unit, new_id

READ, ACT, SEND, METRICS = "read", "act", "send", "metrics"
SCOPES = {READ: "查看", ACT: "办理", SEND: "发送消息和信号", METRICS: "读取运行指标"}
OF_ROLE = {SEND: organization.INTEGRATION, METRICS: "system"}
"""Scopes that only a role may hand out, and that end with it."""

PREFIX = "suixu_"
NAME_LENGTH = 100
LONGEST = timedelta(days=365)
NOTED_EVERY = timedelta(hours=1)
"""How exactly the last use is kept: a look must not become a write each time."""

TABLE, ACCOUNT = model.token.c, model.account.c
FIND = (
    select(model.account, model.token.c.id.label("token_id"), TABLE.scopes, TABLE.last_used_at)
    .join(model.token, TABLE.account_id == ACCOUNT.id)
    .where(
        TABLE.digest == bindparam("kept"),
        TABLE.revoked_at.is_(None),
        TABLE.expires >= bindparam("today"),
        ACCOUNT.disabled.is_(False),
        ACCOUNT.must_change.is_(False),
    )
)


@dataclass(frozen=True)
class Token:
    """Show a token to its owner."""

    id: str
    name: str
    scopes: tuple[str, ...]
    expires: date
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Bearer:
    """Say by which token a program comes, and for whom: it may what its person may, within its scopes."""

    token_id: str
    scopes: tuple[str, ...]
    session: Session
    last_used_at: datetime | None

    def may(self, scope: str) -> bool:
        """Tell whether this is a token for that, and its person still one who may have it."""
        return scope in self.scopes and scope in offered(self.session.roles)


def listing(unit: Unit, account_id: str) -> list[Token]:
    """List the tokens of an account that are in force, newest first."""
    query = select(model.token).where(
        TABLE.account_id == account_id, TABLE.revoked_at.is_(None), TABLE.expires >= unit.today
    )
    return [
        Token(row.id, row.name, tuple(row.scopes), row.expires, row.created_at, row.last_used_at)
        for row in unit.connection.execute(query.order_by(TABLE.created_at.desc(), TABLE.id.desc()))
    ]


def offered(roles: Collection[str]) -> dict[str, str]:
    """Give the scopes that somebody with these roles may hand to a program, each with its words."""
    return {scope: words for scope, words in SCOPES.items() if OF_ROLE.get(scope) in {None, *roles}}


def issue(
    unit: Unit, account_id: str, name: str, scopes: Collection[str], expires: date | None, actor: Actor
) -> tuple[str, str]:
    """Make a token for one's own account; give its id and its secret, which nobody can give again.

    Raises:
        Invalid: each fault by its field.
    """
    account = unit.connection.execute(select(model.account).where(ACCOUNT.id == account_id)).one_or_none()
    if account is None or account.person_id != actor.person_id:
        raise NotFound()
    if faults := _faults(unit, name, scopes, expires, account.roles):
        raise Invalid("没有生成令牌。", faults)
    secret, token_id = PREFIX + secrets.token_urlsafe(32), new_id()
    kept = {"name": plain_text.kept(name), "scopes": sorted(set(scopes)), "expires": expires}
    row = {"id": token_id, "account_id": account_id, "digest": _digest(secret), "created_at": unit.now, **kept}
    unit.connection.execute(insert(model.token), row)
    payload = {**kept, "expires": str(expires)}
    _record(unit, account_id, "token-issued", actor, payload, token_id)
    return token_id, secret


def _faults(
    unit: Unit, name: str, scopes: Collection[str], expires: date | None, roles: Collection[str]
) -> list[Fault]:
    wrong = (
        (not scopes, "blank", "请至少选一项权限。", "scopes"),
        (not offered(roles).keys() >= set(scopes), "choice", "选的权限不在可选范围内，请重新选择。", "scopes"),
        (expires is None, "blank", "请填写截止日期，例如 2026-03-15。", "expires"),
        (expires is not None and expires <= unit.today, "past", "截止日期应当在今天以后。", "expires"),
        (expires is not None and expires > unit.today + LONGEST, "too-long", "最长一年，请改截止日期。", "expires"),
    )
    found = [Fault(code, message, element) for is_so, code, message, element in wrong if is_so]
    return [*plain_text.faults(name, "用途", NAME_LENGTH, "name", "请填写令牌的用途，例如“季度统计”。"), *found]


def revoke(unit: Unit, token_id: str, actor: Actor) -> None:
    """End one of one's own tokens at once.

    Raises:
        NotFound: unknown, somebody else's, or ended already.
    """
    query = (
        select(model.token)
        .join(model.account, ACCOUNT.id == TABLE.account_id)
        .where(TABLE.id == token_id, ACCOUNT.person_id == actor.person_id, TABLE.revoked_at.is_(None))
    )
    row = unit.connection.execute(query.with_for_update(of=model.token)).one_or_none()
    if row is None:
        raise NotFound()
    unit.connection.execute(update(model.token).where(TABLE.id == token_id).values(revoked_at=unit.now))
    _record(unit, row.account_id, "token-revoked", actor, {"name": row.name}, token_id)


def find(unit: Unit, secret: str) -> Bearer | None:
    """Give who comes by a token, or None where it is unknown or over, its account is closed or awaits a password."""
    row = unit.connection.execute(FIND, {"kept": _digest(secret), "today": unit.today}).one_or_none()
    if row is None:
        return None
    found = Session("", row.id, row.person_id, row.login, tuple(row.roles), False, unit.now)
    return Bearer(row.token_id, tuple(row.scopes), found, row.last_used_at)


def is_to_note(unit: Unit, bearer: Bearer) -> bool:
    """Tell whether this use is worth keeping."""
    return bearer.last_used_at is None or unit.now - bearer.last_used_at >= NOTED_EVERY


def note_use(unit: Unit, bearer: Bearer) -> None:
    """Keep when a token was last used, to the hour."""
    unit.connection.execute(update(model.token).where(TABLE.id == bearer.token_id).values(last_used_at=unit.now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _record(unit: Unit, account_id: str, kind: str, actor: Actor, payload: Mapping[str, object], token_id: str) -> None:
    history.record(unit, f"account:{account_id}", kind, actor, payload, subject=actor.person_id, token=token_id)
