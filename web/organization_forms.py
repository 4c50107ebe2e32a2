"""The small forms by which the organization is changed: what each asks, and what it does."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine import accounts, people, substitutions
from engine.core import forms
from engine.core.forms import Form, Values
from engine.ground.unit_of_work import Actor, Unit
from engine.substitutions import Substitution
from web.texts import gettext as _

Options = Mapping[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Act:
    """Hold one change: its form, the act, and what is said when it is done."""

    title: str
    form: Form
    do: Callable[[Unit, Values, Actor], object]
    done: str


def _field(kind: str, key: str, label: str, hint: str = "", required: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "key": key,
        "label": label,
        "description": hint,
        "validate": {"required": required, **({"maxLength": 100} if kind == "textfield" else {})},
        **more,
    }


def _select(key: str, label: str, source: str, hint: str = "", required: bool = True) -> dict[str, Any]:
    return _field("select", key, label, hint, required, valuesKey=source)


def _day(key: str, label: str, hint: str, required: bool = True) -> dict[str, Any]:
    return _field("datetime", key, label, hint, required, subtype="date")


def _form(name: str, label: str, *fields: dict[str, Any]) -> Form:
    button = {"type": "button", "action": "submit", "label": label, "properties": {"outcome": "do"}}
    return forms.load(json.dumps({"type": "default", "id": name, "title": label, "components": [*fields, button]}))


def _choices(known: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"value": code, "label": name} for code, name in known.items()]


def options(unit: Unit) -> Options:
    """Give what the forms offer to choose from, as the organization stands today."""
    numbers = [(person, person.number) for person in people.persons(unit)]
    persons = {person.id: f"{person.name}（{number}）" if number else person.name for person, number in numbers}
    titles = {post.reference: post.title for post in people.posts(unit)}
    held = {
        item.id: _("%s：%s，%s起") % (titles.get(item.reference, ""), item.person.name, item.starts)
        for item in people.holdings(unit)
    }
    known = {account.person_id for account in accounts.listing(unit)}
    return {
        "units": _choices({item.code: item.name for item in people.units(unit)}),
        "unit_kinds": _choices(people.UNIT_KINDS),
        "posts": _choices(titles),
        "post_kinds": _choices(people.POST_KINDS),
        "persons": _choices(persons),
        "accountless": _choices({key: name for key, name in persons.items() if key not in known}),
        "holdings": _choices(held),
        "deputies": _choices({person.id: persons[person.id] for person in substitutions.eligible(unit)}),
        "substitutions": _choices({item.id: _standing(item) for item in substitutions.listing(unit)}),
        "roles": _choices({role: accounts.ROLES[role] for role in accounts.GRANTABLE}),
    }


def _standing(item: Substitution) -> str:
    return _("%s代理%s（%s），%s起") % (item.deputy.name, item.principal.name, item.title, item.starts)


def _date(values: Values, key: str) -> date:
    return date.fromisoformat(values[key])


def _date_or_none(values: Values, key: str) -> date | None:
    return date.fromisoformat(values[key]) if values.get(key) else None


CODE_HINT = _("小写英文字母、数字和下划线，以字母开头；流程图用它指明单位和岗位，以后不能改。")
LAST_DAY_HINT = _("从这一天起不再有效")

UNIT = _select("unit", _("单位"), "units")
POST = _select("post", _("岗位"), "posts")
PERSON = _select("person", _("人员"), "persons")
NAME = _field("textfield", "name", _("名称"))
NEW_NAME = _field("textfield", "name", _("新名称"))
CODE = _field("textfield", "code", _("编码"), CODE_HINT)


def _grant(unit: Unit, said: Values, actor: Actor) -> None:
    held = next(item for item in people.holdings(unit) if item.id == said["post"])
    days = _date(said, "starts"), _date(said, "ends")
    substitutions.grant(unit, held.person.id, said["deputy"], held.reference, *days, said["authority"], actor)


ACTS: Mapping[str, Act] = {
    "add-unit": Act(
        _("增加单位"),
        _form("add-unit", _("增加单位"), NAME, CODE, _select("kind", _("类别"), "unit_kinds")),
        lambda unit, said, actor: people.add_unit(unit, said["code"], said["name"], said["kind"], actor),
        _("单位已增加。"),
    ),
    "rename-unit": Act(
        _("单位改名"),
        _form("rename-unit", _("改名"), UNIT, NEW_NAME),
        lambda unit, said, actor: people.rename_unit(unit, said["unit"], said["name"], actor),
        _("单位已改名。"),
    ),
    "end-unit": Act(
        _("撤销单位"),
        _form(
            "end-unit",
            _("撤销"),
            UNIT,
            _day("ends", _("撤销日期"), LAST_DAY_HINT),
            _select("successor", _("接续单位"), "units", _("没有的不选。"), required=False),
        ),
        lambda unit, said, actor: people.end_unit(
            unit, said["unit"], _date(said, "ends"), actor, said.get("successor") or None
        ),
        _("单位已撤销，其岗位和任职同日截止。"),
    ),
    "add-post": Act(
        _("增加岗位"),
        _form("add-post", _("增加岗位"), UNIT, NAME, CODE, _select("kind", _("类别"), "post_kinds")),
        lambda unit, said, actor: people.add_post(unit, said["unit"], said["code"], said["name"], said["kind"], actor),
        _("岗位已增加。"),
    ),
    "rename-post": Act(
        _("岗位改名"),
        _form("rename-post", _("改名"), POST, NEW_NAME),
        lambda unit, said, actor: people.rename_post(unit, said["post"], said["name"], actor),
        _("岗位已改名。"),
    ),
    "end-post": Act(
        _("撤销岗位"),
        _form("end-post", _("撤销"), POST, _day("ends", _("撤销日期"), LAST_DAY_HINT)),
        lambda unit, said, actor: people.end_post(unit, said["post"], _date(said, "ends"), actor),
        _("岗位已撤销，其任职同日截止。"),
    ),
    "add-person": Act(
        _("增加人员"),
        _form(
            "add-person",
            _("增加人员"),
            _field("textfield", "name", _("姓名")),
            _field("textfield", "number", _("工号"), _("没有的不填。"), required=False),
        ),
        lambda unit, said, actor: people.add_person(unit, said["name"], actor, number=said.get("number") or None),
        _("人员已增加。"),
    ),
    "rename-person": Act(
        _("更正姓名"),
        _form("rename-person", _("更正"), PERSON, _field("textfield", "name", _("正确的姓名"))),
        lambda unit, said, actor: people.rename_person(unit, said["person"], said["name"], actor),
        _("姓名已更正。"),
    ),
    "appoint": Act(
        _("任职"),
        _form(
            "appoint",
            _("任职"),
            PERSON,
            POST,
            _day("starts", _("任职日期"), _("从这一天起可以办理这个岗位的事")),
            _day("ends", _("截止日期"), _("没有的不填；%s") % LAST_DAY_HINT, required=False),
        ),
        lambda unit, said, actor: people.appoint(
            unit, said["person"], said["post"], _date(said, "starts"), actor, _date_or_none(said, "ends")
        ),
        _("已任职。"),
    ),
    "relieve": Act(
        _("免职"),
        _form(
            "relieve",
            _("免职"),
            _select("holding", _("任职"), "holdings"),
            _day("ends", _("免职日期"), _("从这一天起不再任职")),
        ),
        lambda unit, said, actor: people.relieve(unit, said["holding"], _date(said, "ends"), actor),
        _("已免职。"),
    ),
    "grant-substitution": Act(
        _("授权代理"),
        _form(
            "grant-substitution",
            _("授权代理"),
            _select("post", _("委托人和岗位"), "holdings"),
            _select(
                "deputy", _("代理人"), "deputies", _("代理人不能再委托别人，也不能办理自己发起、起草或者提交的件。")
            ),
            _day("starts", _("起始日期"), _("从这一天起可以代理，不能早于今天")),
            _day("ends", _("截止日期"), _("从这一天起不再代理，最长一年")),
            _field(
                "textfield",
                "authority",
                _("授权文件"),
                _("本人不便在系统里办理时，凭书面授权办理：写明文件名称、文号或者批准人。"),
                validate={"required": True, "maxLength": substitutions.AUTHORITY_LIMIT},
            ),
        ),
        _grant,
        _("代理已授权，双方都已收到通知。"),
    ),
    "revoke-substitution": Act(
        _("撤销代理"),
        _form(
            "revoke-substitution",
            _("撤销代理"),
            _select("substitution", _("代理"), "substitutions"),
            _field("checkbox", "confirmed", _("我确认撤销，撤销以后代理人立刻不能再办理")),
        ),
        lambda unit, said, actor: substitutions.revoke(unit, said["substitution"], actor),
        _("代理已撤销，双方都已收到通知。"),
    ),
}

ACCOUNT = _form(
    "add-account",
    _("建立账号"),
    _select("person", _("人员"), "accountless"),
    _field("textfield", "login", _("登录名"), _("小写英文字母、数字、点、横线或下划线。")),
    _field(
        "checklist", "roles", _("管理角色"), _("办理业务的人员不选。三员由不同的人担任。"), False, valuesKey="roles"
    ),
)
