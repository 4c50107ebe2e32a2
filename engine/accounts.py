"""Keep accounts: signing in, passwords, roles. Changes are in the stream "account:<id>", attempts in "access"."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select, update

from engine.core import attempts, establishment, history, logins, organization, passwords, plain_text, sessions
from engine.core.attempts import FAILURES, LOCKED_FOR
from engine.core.sessions import Session as Session
from engine.ground import model
from engine.ground.database import take_turns
from engine.ground.errors import Fault, Invalid, NotAllowed, NotFound, Stale
from engine.ground.unit_of_work import SYSTEM, Actor, Engine, Unit, new_id

ROLES = organization.ROLES
GRANTABLE = ("process", organization.INTEGRATION, "security", "audit")
"""What a system administrator may grant; the role `system` is granted at the command line only."""

SOURCE_LENGTH = 64
REFUSED = "登录名或密码不对，或者账号暂时不能登录。连续5次不成功，账号停用30分钟。"


@dataclass(frozen=True)
class Account:
    """Show an account to an administrator."""

    id: str
    person_id: str
    person_name: str
    login: str
    roles: tuple[str, ...]
    must_change: bool
    disabled: bool
    locked_until: datetime | None


@dataclass(frozen=True)
class Initial:
    """Hold a login with its first password, hashed before any transaction is open."""

    login: str
    password: str
    hashed: str
    must_change: bool = True


@dataclass(frozen=True)
class Browser:
    """Say which browser asks, and to whose accounts it has proved before that it may.

    Whoever guesses from elsewhere cannot shut it out: its own wrong passwords alone count.
    """

    id: str = ""
    accounts: frozenset[str] = frozenset()


UNKNOWN = Browser()


# Signing in


def sign_in(engine: Engine, login: str, password: str, source: str, browser: Browser = UNKNOWN) -> Session:
    """Open a session, or refuse with one message for every reason; either way the attempt is recorded.

    It opens its own transactions: the refusal has to be committed, and hashing must not keep other writers waiting.
    """
    login, source = logins.normalize(login), source[:SOURCE_LENGTH]
    with engine.reading() as unit:
        seen = _known(unit, login)
    right = passwords.matches(seen.password_hash if seen else None, password)
    renewed = passwords.hash_password(password) if seen and right and passwords.is_outdated(seen.password_hash) else ""
    with engine.transaction() as unit:
        session = _attempt(unit, seen, right, source, renewed, browser)
    if session is None:
        raise NotAllowed(REFUSED)
    return session


def is_known(unit: Unit, login: str, browser: Browser) -> bool:
    """Tell whether a browser has been signed in to the account of a login before."""
    seen = _known(unit, logins.normalize(login)) if browser.accounts else None
    return seen is not None and seen.id in browser.accounts


def _known(unit: Unit, login: str) -> Row[Any] | None:
    # PostgreSQL would stumble over a NUL in the text.
    if logins.faults(login):
        return None
    return unit.connection.execute(_account(model.account.c.login == login)).one_or_none()


def _attempt(
    unit: Unit, seen: Row[Any] | None, right: bool, source: str, renewed: str, browser: Browser
) -> Session | None:
    if seen is None:
        # What was typed is not kept: people type passwords into this field.
        _record_access(unit, "sign-in-refused", None, source, "unknown")
        return None
    row = unit.connection.execute(_account(model.account.c.id == seen.id).with_for_update(of=model.account)).one()
    known = row.id in browser.accounts
    place = f"browser:{browser.id}" if known else source
    reason = _refusal(unit, row, right and row.password_hash == seen.password_hash, place, known)
    if reason:
        _count_failure(unit, row, reason, place, known)
        _record_access(unit, "sign-in-refused", row, source, reason)
        return None
    attempts.forget(unit, row.id, place)
    # What others have guessed wrong elsewhere stays counted against them.
    opened = {} if known else {"failures": 0, "locked_until": None}
    _update(unit, row.id, **opened, password_hash=renewed or row.password_hash)
    _record_access(unit, "signed-in", row, source)
    return sessions.begin(unit, row)


def _refusal(unit: Unit, row: Row[Any], right: bool, place: str, known: bool) -> str:
    if row.disabled:
        return "disabled"
    if not known and row.locked_until is not None and row.locked_until > unit.now:
        return "locked"
    if attempts.are_too_many(unit, row.id, place):
        return "source-locked"
    return "" if right else "password"


def _count_failure(unit: Unit, row: Row[Any], reason: str, place: str, known: bool) -> None:
    if reason != "password":
        return
    attempts.add(unit, row.id, place)
    if known:
        return
    failures = row.failures + 1
    if failures < FAILURES:
        _update(unit, row.id, failures=failures)
        return
    until = unit.now + LOCKED_FOR
    _update(unit, row.id, failures=0, locked_until=until)
    history.record(unit, _stream(row.id), "locked", SYSTEM, {"until": until.isoformat()}, subject=row.person_id)


def session(unit: Unit, session_id: str) -> Session | None:
    """Give a session as it stands now, or None when it is over."""
    return sessions.find(unit, session_id)


def sign_out(unit: Unit, session_id: str, source: str) -> None:
    """End a session, wherever its cookie may have been copied to; others of the account go on."""
    found = sessions.find(unit, session_id)
    if found is not None:
        sessions.end(unit, session_id)
        _record_access(unit, "signed-out", _find(unit, found.account_id), source[:SOURCE_LENGTH])


# Looking


def listing(unit: Unit) -> list[Account]:
    """List every account by login."""
    return [_shown(row) for row in unit.connection.execute(_account().order_by(model.account.c.login))]


def find(unit: Unit, account_id: str) -> Account:
    """Give an account."""
    return _shown(_find(unit, account_id))


def roles_of(unit: Unit, person_id: str) -> tuple[str, ...]:
    """Give the roles of a person's account."""
    return organization.roles_of(unit, person_id)


# Opening and closing


def create(
    unit: Unit,
    person_id: str,
    login: str,
    password: str,
    roles: Collection[str],
    actor: Actor,
    must_change: bool = True,
) -> str:
    """Open an account for a person and give its id; the first password has to be changed at once."""
    login = logins.normalize(login)
    _refuse([*logins.faults(login), *passwords.faults(password, login)])
    return create_prepared(
        unit, person_id, Initial(login, "", passwords.hash_password(password), must_change), roles, actor
    )


def prepare(login: str, password: str | None = None, must_change: bool = True) -> Initial:
    """Hash a first password, a generated one where none is given, while no transaction is open."""
    password = password or passwords.generate()
    return Initial(logins.normalize(login), password, passwords.hash_password(password), must_change)


def create_prepared(unit: Unit, person_id: str, initial: Initial, roles: Collection[str], actor: Actor) -> str:
    """Open an account with a password that was prepared."""
    organization.require_role(unit, actor, "system")
    _refuse(logins.faults(initial.login))
    _refuse_person(unit, person_id)
    for role in roles:
        _refuse_role(role, actor)
    _refuse_text(organization.refuse_roles(unit, person_id, roles), "roles")
    if unit.connection.execute(_account(model.account.c.login == initial.login)).first() is not None:
        _refuse_text(f"登录名“{initial.login}”已有。", "login")
    account_id = new_id()
    given = {"id": account_id, "person_id": person_id, "login": initial.login, "roles": sorted(set(roles))}
    kept = {**given, "password_hash": initial.hashed, "must_change": initial.must_change}
    organization.insert_new(unit, model.account, kept)
    history.record(unit, _stream(account_id), "account-created", actor, given, subject=person_id)
    return account_id


def first_administrator(unit: Unit, login: str, password: str, name: str = "系统管理员") -> str:
    """Open the first account of an installation, for the system administrator; only while there is none at all."""
    if unit.connection.execute(select(model.account.c.id).limit(1)).first() is not None:
        raise Invalid("已有账号，不能再建立第一个管理员。")
    person_id, name = new_id(), plain_text.read(name, "姓名", establishment.LONGEST_PERSON, "name", "姓名不能为空。")
    organization.insert_new(unit, model.person, {"id": person_id, "name": name, "number": None})
    history.record(
        unit, history.ORGANIZATION, "person-added", SYSTEM, {"id": person_id, "name": name}, subject=person_id
    )
    return create(unit, person_id, login, password, ["system"], SYSTEM)


def disable(unit: Unit, account_id: str, actor: Actor) -> None:
    """Close an account and end its sessions; it can be opened again."""
    row = _administered(unit, account_id, actor)
    if "system" in row.roles:
        _refuse_last_system(unit, row.id)
    _update(unit, row.id, disabled=True)
    sessions.end_all(unit, row.id)
    history.record(unit, _stream(row.id), "account-disabled", actor, {}, subject=row.person_id)


def enable(unit: Unit, account_id: str, actor: Actor) -> None:
    """Open a closed or locked account again."""
    row = _administered(unit, account_id, actor)
    _update(unit, row.id, disabled=False, failures=0, locked_until=None)
    attempts.forget_all(unit, row.id)
    history.record(unit, _stream(row.id), "account-enabled", actor, {}, subject=row.person_id)
    _record_access(unit, "unlocked", row, None)


# Passwords


def change_password(engine: Engine, account_id: str, old: str, new: str, actor: Actor) -> Session:
    """Change one's own password, end every session, and give the new one that goes on.

    It opens its own transactions, because hashing must not keep other writers waiting.

    Raises:
        Stale: the password was changed elsewhere meanwhile.
    """
    with engine.reading() as unit:
        seen = _find(unit, account_id)
    if actor.person_id != seen.person_id:
        raise NotAllowed("只能修改自己的密码。")
    if not passwords.matches(seen.password_hash, old):
        _refuse([Fault("wrong-password", "原密码不对。", "old")])
    faults = passwords.faults(new, seen.login, "new")
    if passwords.normalize(old) == passwords.normalize(new):
        faults.append(Fault("unchanged", "新密码不能与原密码相同。", "new"))
    _refuse(faults)
    hashed = passwords.hash_password(new)
    with engine.transaction() as unit:
        row = _find(unit, account_id, lock=True)
        if row.password_hash != seen.password_hash:
            raise Stale("密码刚刚在别处修改过，这次没有生效。请用新密码重新登录。")
        _set_password(unit, row, hashed, must_change=False)
        history.record(unit, _stream(row.id), "password-changed", actor, {}, subject=row.person_id)
        return sessions.begin(unit, _find(unit, account_id))


def reset_password(unit: Unit, account_id: str, actor: Actor) -> str:
    """Give somebody else's account a new first password, to be handed over, and end its sessions."""
    row = _administered(unit, account_id, actor)
    password = passwords.generate()
    _set_password(unit, row, passwords.hash_password(password), must_change=True)
    history.record(unit, _stream(row.id), "password-reset", actor, {}, subject=row.person_id)
    _record_access(unit, "unlocked", row, None)
    return password


# Roles


def grant(unit: Unit, account_id: str, role: str, actor: Actor) -> None:
    """Give an account one more role."""
    row = _administered(unit, account_id, actor)
    _refuse_role(role, actor)
    roles = sorted({*row.roles, role})
    _refuse_text(organization.refuse_roles(unit, row.person_id, roles), "role")
    _set_roles(unit, row, roles, "role-granted", role, actor)


def revoke(unit: Unit, account_id: str, role: str, actor: Actor) -> None:
    """Take a role from an account, and end its sessions."""
    row = _administered(unit, account_id, actor)
    _refuse_role(role, actor)
    if role == "system" and role in row.roles:
        _refuse_last_system(unit, row.id)
    _set_roles(unit, row, sorted({*row.roles} - {role}), "role-revoked", role, actor)


# How it is done


def _stream(account_id: str) -> str:
    return f"account:{account_id}"


def _account(*conditions: ColumnElement[bool]) -> Select[Any]:
    joined = model.account.join(model.person, model.person.c.id == model.account.c.person_id)
    return select(model.account, model.person.c.name.label("person_name")).select_from(joined).where(*conditions)


def _find(unit: Unit, account_id: str, lock: bool = False) -> Row[Any]:
    query = _account(model.account.c.id == account_id)
    row = unit.connection.execute(query.with_for_update(of=model.account) if lock else query).one_or_none()
    if row is None:
        raise NotFound("没有这个账号。")
    return row


def _shown(row: Row[Any]) -> Account:
    kept = ("id", "person_id", "person_name", "login", "must_change", "disabled", "locked_until")
    return Account(roles=tuple(row.roles), **{name: row._mapping[name] for name in kept})


def _update(unit: Unit, account_id: str, **values: Any) -> None:
    unit.connection.execute(update(model.account).where(model.account.c.id == account_id).values(values))


def _set_password(unit: Unit, row: Row[Any], hashed: str, must_change: bool) -> None:
    _update(unit, row.id, failures=0, locked_until=None, password_hash=hashed, must_change=must_change)
    attempts.forget_all(unit, row.id)
    sessions.end_all(unit, row.id)


def _set_roles(unit: Unit, row: Row[Any], roles: Sequence[str], kind: str, role: str, actor: Actor) -> None:
    if list(row.roles) == list(roles):
        return
    _update(unit, row.id, roles=list(roles))
    if kind == "role-revoked":
        sessions.end_all(unit, row.id)
    payload = {"role": role, "before": row.roles, "after": list(roles)}
    history.record(unit, _stream(row.id), kind, actor, payload, subject=row.person_id)


def _record_access(unit: Unit, kind: str, row: Row[Any] | None, source: str | None, reason: str = "") -> None:
    who = Actor(row.person_id) if row is not None and kind in ("signed-in", "signed-out") else SYSTEM
    payload = {"login": row.login if row is not None else None, "source": source, "reason": reason}
    history.record(unit, history.ACCESS, kind, who, payload, account=row.id if row is not None else None)


# What is refused


def _administered(unit: Unit, account_id: str, actor: Actor) -> Row[Any]:
    """Give an account that the actor may change: never the actor's own."""
    # One after the other: two who close each other's account would leave nobody who can open them.
    take_turns(unit.connection, "accounts")
    organization.require_role(unit, actor, "system")
    row = _find(unit, account_id)
    if row.person_id == actor.person_id:
        raise NotAllowed("不能更改自己的账号和角色，请由另一名管理员办理。")
    # The person first, then the account: appointing locks the person too.
    organization.lock_person(unit, row.person_id)
    return _find(unit, account_id, lock=True)


def _refuse(faults: Sequence[Fault]) -> None:
    if faults:
        raise Invalid("".join(fault.message for fault in faults), faults)


def _refuse_text(reason: str, element: str) -> None:
    _refuse([Fault("not-allowed", reason, element)] if reason else [])


def _refuse_person(unit: Unit, person_id: str) -> None:
    if organization.lock_person(unit, person_id) is None:
        raise NotFound("没有这个人。")
    if unit.connection.execute(_account(model.account.c.person_id == person_id)).first() is not None:
        _refuse_text("此人已有账号。", "person")


def _refuse_role(role: str, actor: Actor) -> None:
    if role not in ROLES:
        _refuse_text(f"没有“{role}”这个角色。", "role")
    if role not in GRANTABLE and actor.person_id is not None:
        raise NotAllowed("系统管理员角色只能在服务器上用命令授予或收回。")


def _refuse_last_system(unit: Unit, account_id: str) -> None:
    others = _account(model.account.c.disabled.is_(False), model.account.c.id != account_id)
    if not any("system" in row.roles for row in unit.connection.execute(others)):
        raise Invalid("这是最后一个可用的系统管理员账号，不能停用，也不能收回角色。")
