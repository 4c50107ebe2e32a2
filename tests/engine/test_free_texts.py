"""Whatever people type freely is held to one rule, wherever it is typed: no control characters, nothing unseen."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from engine import (
    accounts,
    calendar,
    definitions,
    erasures,
    incidents,
    instances,
    people,
    personal_tokens,
    substitutions,
)
from engine.core import history
from engine.ground import model
from engine.ground.errors import Invalid
from engine.ground.unit_of_work import SYSTEM, Actor, Unit, new_id
from tests.engine.office import DIAGRAMS, FORM, Office

UNFIT = ("第\0字", "第\x1b[31m字", "第\x85字", "甲\u202e乙", "甲\u2066乙", "甲\ud800乙", "甲\ufffe")
UNSEEN = "\u200b\ufeff \u2060\u200e\u3164\uffa0"
PREPARED = accounts.prepare("clerk", "zxc-VBN-147-asd", must_change=False)

Act = Callable[[Unit, str], object]


def _acts(office: Office, account_id: str, instance_id: str, incident_id: str) -> dict[str, Act]:
    me, day = office.actor("hr.staff"), date(2026, 1, 19)
    source, forms = (DIAGRAMS / "runs_default_alone.bpmn").read_bytes(), {"form": FORM, "plan": FORM}
    deputy, reference = office.people["hr.head"], "hr.staff"

    def grant(unit: Unit, text: str) -> object:
        ends = day + timedelta(days=9)
        return substitutions.grant(unit, str(me.person_id), deputy, reference, day, ends, text, me)

    def issue(unit: Unit, text: str) -> object:
        return personal_tokens.issue(unit, account_id, text, ["read"], day + timedelta(days=9), Actor(deputy))

    return {
        "cancel": lambda unit, text: instances.cancel(unit, instance_id, me, text),
        "resolve": lambda unit, text: incidents.resolve(unit, incident_id, me, text),
        "authority": grant,
        "token": issue,
        "erasure": lambda unit, text: erasures.erase(unit, "organization", 1, SYSTEM, "依据", text),
        "day": lambda unit, text: calendar.set_day(unit, day, False, text, SYSTEM),
        "year": lambda unit, text: calendar.enter_year(unit, 2027, {date(2027, 1, 1): False}, text, SYSTEM),
        "unit": lambda unit, text: people.add_unit(unit, "new", text, "department", SYSTEM),
        "post": lambda unit, text: people.rename_post(unit, "hr.staff", text, SYSTEM),
        "person": lambda unit, text: people.rename_person(unit, deputy, text, SYSTEM),
        "note": lambda unit, text: definitions.publish(unit, source, forms, me, text),
    }


MAY_BE_BLANK = ("note",)


@pytest.fixture
def acts(office: Office) -> dict[str, Act]:
    """Give every act that takes a free text, each of which would be done if the text were fit."""
    instance_id, incident_id = office.begin("runs_send_back"), new_id()
    with office.engine.transaction() as unit:
        account_id = accounts.create_prepared(unit, office.people["hr.head"], PREPARED, [], SYSTEM)
        row = {"id": incident_id, "message": "m", "created_at": unit.now, "activity_id": "", "instance_id": instance_id}
        unit.connection.execute(insert(model.incident), row)
        unit.connection.execute(model.instance.update().values(starter_id=office.people["hr.staff"]))
        history.record(unit, "organization", "setup-step", SYSTEM, {})
    return _acts(office, account_id, instance_id, incident_id)


def _refusal(office: Office, act: Act, text: str) -> str:
    try:
        with office.engine.transaction() as unit:
            act(unit, text)
    except Invalid as error:
        return "".join([error.message, *(fault.message for fault in error.faults)])
    return ""


def test_no_act_keeps_what_no_paper_can_carry(office: Office, acts: dict[str, Act]) -> None:
    wrong = []
    for name, act in acts.items():
        for text in UNFIT:
            told = _refusal(office, act, text)
            wrong += [] if "控制字符" in told and told.isprintable() else [(name, text, told)]
        blank = _refusal(office, act, UNSEEN)
        wrong += [] if bool(blank) == (name not in MAY_BE_BLANK) else [(name, UNSEEN, blank)]
    assert not wrong


def test_what_nobody_sees_is_taken_out_and_the_act_is_done(office: Office, acts: dict[str, Act]) -> None:
    for number, act in enumerate(acts.values()):
        with office.engine.transaction() as unit:
            act(unit, f"\ufeff军属\u200b👨\u200d👩{number}号 ")
    with office.engine.reading() as unit:
        rows = [row for table in model.metadata.sorted_tables for row in unit.connection.execute(table.select())]
    whole = "".join(
        cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for row in rows for cell in row
    )
    assert [number for number in range(len(acts)) if f"军属👨\u200d👩{number}号" not in whole] == []
    assert not [sign for sign in ("\u200b", "\ufeff", "\\u200b", "\\ufeff") if sign in whole]
