"""Publishing makes versions that never change; drafts belong to who saved last; what runs stays on its version."""

from pathlib import Path

import pytest

from engine import definitions, instances, tasks
from engine.core import execution
from engine.ground.errors import NotFound, Refused, Stale, SuixuError
from engine.ground.unit_of_work import SYSTEM
from tests.engine.office import DIAGRAMS, FORM, Office

SOURCE = (DIAGRAMS / "engine_child.bpmn").read_bytes()


def draw(office: Office, name: str, revision: int, key: str = "child") -> int:
    with office.engine.transaction() as unit:
        return definitions.save_draft(unit, key, name, "<画到一半", {"form": FORM}, revision, office.actor("hr.staff"))


def test_what_did_not_change_makes_no_new_version(office: Office) -> None:
    first = office.publish("engine_child")
    assert office.publish("engine_child").id == first.id
    again = office.publish("engine_child", forms={"form": FORM.replace("表单", "新表单"), "unused": FORM})
    with office.engine.reading() as unit:
        assert [row.version for row in definitions.versions(unit, "child")] == [2, 1]
        assert definitions.latest(unit, "child").id == again.id
        assert definitions.get(unit, first.id).version == 1
    assert set(again.sources) == {"form"}


def test_what_runs_stays_on_its_version_and_its_form(office: Office) -> None:
    first = office.publish("engine_child")
    instance = office.begin("engine_child")
    office.publish("engine_child", forms={"form": FORM.replace("表单", "新表单")})
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        assert tasks.view(unit, row.id, office.people["hr.head"]).form.title == "表单"
        assert instances.view(unit, instance, "", ("audit",)).definition.id == first.id
    office.do("子项办理", "hr.head")
    with office.engine.transaction() as unit:
        execution.start(unit, definitions.latest(unit, "child"), {}, SYSTEM)
    (row,) = office.open_tasks()
    with office.engine.reading() as unit:
        assert tasks.view(unit, row.id, office.people["hr.head"]).form.title == "新表单"


def test_a_version_or_process_that_is_not_there_is_not_found(office: Office) -> None:
    with office.engine.reading() as unit:
        with pytest.raises(NotFound):
            definitions.get(unit, "no-such-version")
        with pytest.raises(NotFound, match="没有发布"):
            definitions.latest(unit, "no-such-process")


def test_all_faults_are_named_at_once_and_nothing_is_published(office: Office) -> None:
    source = (DIAGRAMS / "refused_many_faults.bpmn").read_bytes()
    with office.engine.reading() as unit:
        checked = definitions.check(unit, source, {})
    with pytest.raises(Refused) as refused, office.engine.transaction() as unit:
        definitions.publish(unit, source, {}, SYSTEM)
    assert len(refused.value.faults) > 1
    assert list(refused.value.faults) == checked
    with office.engine.reading() as unit:
        assert definitions.overview(unit) == []


def test_a_ring_of_calls_is_refused_whichever_is_published_last(office: Office) -> None:
    source = (DIAGRAMS / "engine_call.bpmn").read_text(encoding="utf-8")
    plain = (DIAGRAMS / "engine_child.bpmn").read_text(encoding="utf-8")
    key = '<bpmn:process id="caller"'
    forms = {"form": FORM, "plan": FORM}

    def calling(own: str, called: str) -> bytes:
        made = source.replace(key, f'<bpmn:process id="{own}"').replace('Element="child"', f'Element="{called}"')
        return made.encode()

    # Given a process, one that calls it, and one that calls that
    with office.engine.transaction() as unit:
        definitions.publish(unit, plain.encode(), forms, SYSTEM)
        definitions.publish(unit, calling("middle", "child"), forms, SYSTEM)
        definitions.publish(unit, calling("top", "middle"), forms, SYSTEM)
    # When the first is drawn anew so that it calls the last
    with pytest.raises(Refused) as refused, office.engine.transaction() as unit:
        definitions.publish(unit, calling("child", "top"), forms, SYSTEM)
    # Then it is refused, with the way round, and stays as it was
    (fault,) = refused.value.faults
    assert (fault.code, fault.element) == ("BPMN-CALL-CYCLE", "a")
    assert "“child” → “top” → “middle” → “child”" in fault.message
    with office.engine.reading() as unit:
        assert definitions.latest(unit, "child").version == 1
        # And so is one that calls itself
        (fault,) = definitions.check(unit, calling("child", "child"), forms)
    assert "“child” → “child”" in fault.message


def test_a_process_that_only_an_event_begins_cannot_be_called(office: Office) -> None:
    # Given a process that only messages begin
    office.publish("runs_message_start_only")
    source = (DIAGRAMS / "engine_call.bpmn").read_text(encoding="utf-8").replace('Element="child"', 'Element="main"')
    # When another is to call it
    with office.engine.reading() as unit:
        (fault,) = definitions.check(unit, source.encode(), {"form": FORM, "plan": FORM})
    # Then it is told beforehand that nobody would come back
    assert (fault.code, fault.element) == ("BPMN-CALL", "a")
    assert "“main”只能由定时、消息或信号开始" in fault.message


def test_a_draft_keeps_faults_and_all_until_it_is_published_or_thrown_away(office: Office) -> None:
    assert draw(office, "画一", 0) == 1
    assert draw(office, "画二", 1) == 2
    with office.engine.reading() as unit:
        kept = definitions.draft(unit, "child")
        (only,) = definitions.overview(unit)
    assert kept is not None
    assert kept.content == {"name": "画二", "source": "<画到一半", "forms": {"form": FORM}}
    assert (only.key, only.name, only.version, only.published_at) == ("child", "画二", 0, None)
    office.publish("engine_child")
    draw(office, "画三", 0)
    draw(office, "别的", 0, "another")
    with office.engine.reading() as unit:
        seen = {item.key: (item.name, item.version, item.drafted_at is not None) for item in definitions.overview(unit)}
    assert seen == {"child": ("子流程", 1, True), "another": ("别的", 0, True)}
    with office.engine.transaction() as unit:
        definitions.discard_draft(unit, "child")
        definitions.discard_draft(unit, "child")
    with office.engine.reading() as unit:
        assert definitions.draft(unit, "child") is None
        assert definitions.latest(unit, "child").version == 1


@pytest.mark.parametrize("revision", [0, 2])
def test_a_stale_draft_is_refused_and_the_newer_one_stays(office: Office, revision: int) -> None:
    draw(office, "先保存的", 0)
    with pytest.raises(Stale, match="没有保存"):
        draw(office, "后来的", revision)
    with office.engine.reading() as unit:
        kept = definitions.draft(unit, "child")
    assert kept is not None
    assert kept.content["name"] == "先保存的"


def test_publishing_is_recorded_and_its_chain_holds(office: Office) -> None:
    definition = office.publish("engine_child")
    with office.engine.reading() as unit:
        row = definitions.versions(unit, "child")[0]
    assert (row.digest != "", row.published_by, definition.source) == (True, None, SOURCE)


def test_a_drawing_is_held_against_what_is_published(office: Office) -> None:
    def compare(source: bytes, form: str = FORM) -> tuple[int, bool]:
        with office.engine.reading() as unit:
            found = definitions.compare(unit, source, {"form": form, "unused": FORM})
        assert (found.key, found.name) == ("child", "子流程")
        return found.version, found.same

    assert compare(SOURCE) == (0, False)
    office.publish("engine_child")
    assert compare(SOURCE) == (1, True)
    assert compare(SOURCE + b"\n") == (1, False)
    assert compare(SOURCE, FORM.replace("表单", "新表单")) == (1, False)


def test_what_stands_beside_a_drawing_is_read_by_the_names_that_its_tasks_use(tmp_path: Path) -> None:
    # Given a drawing with a form and a table, beside another one's
    for name, text in (("a.plan.form", "{}"), ("a.level.dmn", "<表/>"), ("b.plan.form", "[]"), ("a.txt", "")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert definitions.sources_beside(tmp_path / "a.bpmn") == {"level.dmn": "<表/>", "plan": "{}"}
    # When one is no text, or cannot be read, then it is said which
    (tmp_path / "a.old.form").write_bytes("表单".encode("gb18030"))
    with pytest.raises(SuixuError, match="form 不是 UTF-8 编码"):
        definitions.sources_beside(tmp_path / "a.bpmn")
    (tmp_path / "a.old.form").unlink()
    (tmp_path / "a.old.form").mkdir()
    with pytest.raises(SuixuError, match="不能读取文件"):
        definitions.sources_beside(tmp_path / "a.bpmn")
