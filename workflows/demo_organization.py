"""The office of the demo: eight submitting units, the leading group and its office, and people named by their posts."""

from dataclasses import dataclass, replace
from datetime import date

from engine import accounts, people
from engine.ground.unit_of_work import SYSTEM, Engine, Unit

FOUNDED = date(2024, 1, 1)

SUBMITTING_UNITS = {
    "hr": ("人事部", "department"),
    "office": ("办公室", "department"),
    "publicity": ("宣文部", "department"),
    "finance": ("计划财务部", "department"),
    "party": ("机关党委", "department"),
    "unit_a": ("直属单位甲", "institution"),
    "unit_b": ("直属单位乙", "institution"),
    "unit_c": ("直属单位丙", "institution"),
}
OTHER_UNITS = {
    "group": ("领导小组", "group"),
    "group_office": ("领导小组办公室", "group"),
    "board": ("党组理事会", "group"),
}
OTHER_POSTS = (
    # unit, post, name, kind
    ("group", "leader", "组长", "leader"),
    ("group", "deputy_1", "副组长一", "deputy"),
    ("group", "deputy_2", "副组长二", "deputy"),
    ("group", "secretary", "承办秘书", "secretary"),
    ("group_office", "director", "主任", "director"),
    ("board", "chair", "主持人", "chair"),
)


@dataclass(frozen=True)
class Someone:
    """Describe a person of the demo with an account."""

    login: str
    name: str
    posts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


def _staff_and_heads() -> list[Someone]:
    found = []
    for code, (name, _) in SUBMITTING_UNITS.items():
        login = code.replace("_", "-")
        found.append(Someone(f"{login}-staff", f"{name}承办人", (f"{code}.staff",)))
        found.append(Someone(f"{login}-head", f"{name}负责人", (f"{code}.head", f"group.member_{code}")))
    found.insert(1, Someone("hr-staff-2", "人事部承办人二", ("hr.staff",)))
    return found


EVERYONE = (
    *_staff_and_heads(),
    Someone("secretary", "领导小组承办秘书", ("group.secretary",)),
    Someone("director", "领导小组办公室主任", ("group_office.director",)),
    Someone("deputy-1", "领导小组副组长一", ("group.deputy_1",)),
    Someone("deputy-2", "领导小组副组长二", ("group.deputy_2",)),
    Someone("leader", "领导小组组长", ("group.leader",)),
    Someone("board", "党组理事会主持人", ("board.chair",)),
    Someone("process-admin", "业务管理员", roles=("process",)),
    Someone("auditor", "审计管理员", roles=("audit",)),
    Someone("security-admin", "安全管理员", roles=("security",)),
    Someone("system-admin", "系统管理员", roles=("system",)),
)


def load(engine: Engine, password: str) -> dict[str, str]:
    """Set up the demo's office with one password for everybody, once; give each person's id by login."""
    # One hash for all: the demo has to start quickly, and its password is no secret.
    prepared = accounts.prepare("demo", password, must_change=False)
    with engine.transaction() as unit:
        if not accounts.listing(unit):
            _found(unit)
            for someone in EVERYONE:
                _welcome(unit, someone, replace(prepared, login=someone.login))
        return {account.login: account.person_id for account in accounts.listing(unit)}


def _found(unit: Unit) -> None:
    for code, (name, kind) in {**SUBMITTING_UNITS, **OTHER_UNITS}.items():
        people.add_unit(unit, code, name, kind, SYSTEM, starts=FOUNDED)
    for code in SUBMITTING_UNITS:
        people.add_post(unit, code, "staff", "承办人", "staff", SYSTEM)
        people.add_post(unit, code, "head", "负责人", "head", SYSTEM)
    for unit_code, code, name, kind in OTHER_POSTS:
        people.add_post(unit, unit_code, code, name, kind, SYSTEM)
    for code, (name, _) in SUBMITTING_UNITS.items():
        people.add_post(unit, "group", f"member_{code}", f"成员（{name}）", "member", SYSTEM)


def _welcome(unit: Unit, someone: Someone, initial: accounts.Initial) -> None:
    person_id = people.add_person(unit, someone.name, SYSTEM)
    for reference in someone.posts:
        people.appoint(unit, person_id, reference, FOUNDED, SYSTEM)
    accounts.create_prepared(unit, person_id, initial, someone.roles, SYSTEM)
