"""Whatever publishing accepts runs: every act leaves a live token, an incident or an end, and never a crash."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy import select

from engine import definitions, messages, tasks
from engine.core import execution
from engine.core.seats import holders
from engine.ground import model
from engine.ground.errors import Refused, SuixuError
from engine.ground.unit_of_work import SYSTEM, Actor
from tests.engine import promises
from tests.engine.mutations import GOOD, retargeted, varied
from tests.engine.office import FORM, TABLES, Office

DEEDS, KEYS = ("agree", "return", "message", "signal", "wait"), count()


@pytest.fixture
def house(office: Office) -> Iterator[Office]:
    """Give an office where the processes that the tiny diagrams call are published."""
    office.publish("engine_child")
    yield office


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@settings(
    max_examples=40,
    deadline=None,
    # One house for all examples, so that they are cheap: what is broken stays, and nothing is to be made smaller.
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.one_of(retargeted(GOOD), varied()), st.lists(st.sampled_from(DEEDS), min_size=4, max_size=6))
def test_what_is_accepted_runs(house: Office, source: bytes, deeds: list[str]) -> None:
    note(source.decode())
    # Given a changed diagram that publishing accepts
    try:
        with house.engine.transaction() as unit:
            made = definitions.publish(unit, source, {"form": FORM, "plan": FORM, **TABLES}, SYSTEM, own=("child", "p"))
    except Refused as refusal:
        assert refusal.faults
        return
    # When it is started and people, time, messages and signals do what they like with it
    try:
        with house.engine.transaction() as unit:
            root_id = execution.start(
                unit, made, {"x": Decimal(1)}, SYSTEM, business_key=(key := f"key{next(KEYS)}")
            ).id
    except SuixuError as error:
        # What starts it would have to say more.
        assert error.message
        return
    for what in deeds:
        house.work()
        _act(house, root_id, what, key)
    # Then every act left it alive, before a person, or ended: the keeper looked after each
    house.work()
    promises.settle()


def _act(house: Office, root_id: str, what: str, key: str) -> None:
    with house.engine.transaction() as unit:
        table = model.task
        family = select(model.instance.c.id).where(model.instance.c.root_id == root_id)
        query = select(table).where(table.c.state == "open", table.c.instance_id.in_(family)).order_by(table.c.id)
        found = unit.connection.execute(query)
        row = next((row for row in found if holders(unit, row)), None)
        if what in ("agree", "return") and row is not None:
            actor = Actor(row.assignee_id or min(holders(unit, row)), row.candidates[0])
            view = tasks.view(unit, row.id, actor.person_id or "")
            if "claim" in view.may:
                tasks.claim(unit, row.id, actor, view.revision)
            tasks.complete(unit, row.id, actor, {}, what, tasks.view(unit, row.id, actor.person_id or "").revision)
        elif what == "message":
            messages.correlate(unit, "到货", key, {"x": Decimal(1)}, SYSTEM)
        elif what == "signal":
            messages.signal(unit, "放假", {"x": Decimal(1)}, SYSTEM)
    if what == "wait":
        house.wait(days=1)
