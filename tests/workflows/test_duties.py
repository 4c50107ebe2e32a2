import hashlib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from workflows import duties
from workflows.duties import DutiesError

# SHA-256 over "id, tab, wording, newline" of the 103 duties as they were first read from the source.
WORDINGS = "3afe31ab0bfa79bd217906931b2367123f9c4d30a099df62aa5aec06e90ed006"
DUTIES = duties.load()
DOCUMENT: dict[str, Any] = yaml.safe_load(duties.PATH.read_text(encoding="utf-8"))


def broken(change: Callable[[dict[str, Any]], object]) -> DutiesError:
    document = deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(DutiesError) as caught:
        duties.check(document)
    return caught.value


def duty(document: dict[str, Any], duty_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(raw for raw in document["duties"] if raw["id"] == duty_id)
    return found


def test_the_103_duties_stand_in_order_with_their_original_wording() -> None:
    lines = "".join(f"{each.id}\t{each.wording}\n" for each in DUTIES.values())
    assert len(DUTIES) == 103
    assert list(DUTIES)[:4] == ["A01", "A02", "A03", "B01"]
    assert hashlib.sha256(lines.encode()).hexdigest() == WORDINGS


def test_every_duty_has_clause_wording_lead_filing_and_process() -> None:
    for each in DUTIES.values():
        assert each.clause and each.wording and each.lead.codes and each.filing.codes and each.processes


def test_every_cell_says_where_it_comes_from() -> None:
    for each in DUTIES.values():
        for cell in (each.lead, each.cadence, each.quota, each.approver, each.evidence, each.filing):
            assert cell.basis in ("source", "default", "none")
            assert cell.text


def test_what_the_source_does_not_say_is_a_default_to_confirm() -> None:
    for each in DUTIES.values():
        for cell in (each.lead, each.approver):
            assert ("〔缺省〕" in cell.text) == (cell.basis == "default")
    named = [each.id for each in DUTIES.values() if each.approver.basis == "source"]
    assert named == ["A01", "C01", "C02", "D08", "E06", "E09"]


def test_the_three_approvers_of_the_source_are_kept_apart() -> None:
    assert DUTIES["C01"].approver.codes == ("council",)
    assert DUTIES["E06"].approver.codes == ("leading_group",)
    assert DUTIES["D08"].approver.codes == ("group_leader",)


@pytest.mark.parametrize(
    ("duty_id", "measure", "at_least", "unit", "per"),
    [
        ("D07", "会议", 1, "次", "每半年"),
        ("F01", "国防双拥教育", 1, "次", "每年"),
        ("F04", "干部职工参与率", 80, "%", "每年"),
        ("H08", "双拥工作简讯", 4, "篇", "每年"),
        ("I10", "走访慰问", 3, "次", "每年"),
        ("G03", "有固定联系对象的干部占比", 50, "%", "每年"),
    ],
)
def test_the_numbers_of_the_source_are_data(duty_id: str, measure: str, at_least: int, unit: str, per: str) -> None:
    quota = DUTIES[duty_id].quota
    assert quota.basis == "source"
    assert quota.at_least == at_least
    assert quota.measure and DUTIES.label("measures", quota.measure) == measure
    assert quota.unit and DUTIES.label("units", quota.unit) == unit
    assert quota.per and DUTIES.label("cadences", quota.per) == per


def test_a_quota_may_be_a_ceiling_or_without_a_number() -> None:
    assert (DUTIES["G12"].quota.at_most, DUTIES["G12"].quota.at_least) == (0, None)
    assert (DUTIES["H03"].quota.measure, DUTIES["H03"].quota.at_least) == ("articles", None)
    assert (DUTIES["I01"].quota.measure, DUTIES["I01"].quota.text) == (None, "无数额")


def test_codes_have_chinese_labels_and_duties_a_chapter() -> None:
    assert DUTIES.label("parties", "hr") == "人事部"
    assert DUTIES.label("processes", "annual_plan") == "年度计划编制"
    assert DUTIES.label("chapters", DUTIES["F04"].chapter) == "四(四)国防双拥教育"
    assert list(DUTIES.labels("bases")) == ["source", "default", "none"]


def test_the_rules_at_the_end_point_at_the_duties_they_repeat() -> None:
    repeating = {each.id: each.same_as for each in DUTIES.values() if each.same_as}
    assert list(repeating) == [f"L0{number}" for number in range(1, 8)]
    assert repeating["L05"] == ("I07", "I08", "I09", "I10")


def test_an_institution_lists_what_recurs_and_folds_the_rest() -> None:
    listed, folded = DUTIES.for_unit_kind(["all_institutions"])
    assert [each.id for each in listed] == ["B20", "E03", "E05", "E07", "F02", "I08", "G03", "G04", "G12", "J04", "K01"]
    assert {"A03", "D12", "H02", "I12"} <= {each.id for each in folded}
    assert not any(each.id.startswith("L") for each in listed + folded)


def test_a_department_has_its_own_duties_and_those_of_all_departments() -> None:
    listed, folded = DUTIES.for_unit_kind(["publicity", "all_departments", "planning_departments"])
    assert [each.id for each in listed] == ["B20", "E02", "E04", "E07", "I02", "G12", "K01"]
    assert {"H04", "H05", "H06", "H07", "H10"} <= {each.id for each in folded}
    assert not {"F02", "E05"} & {each.id for each in listed + folded}


def test_only_hr_has_a_form_of_more_than_fifteen_rows() -> None:
    department = ["all_departments", "planning_departments"]
    for codes in (["all_institutions"], *([own, *department] for own in ("office", "publicity", "finance"))):
        assert len(DUTIES.for_unit_kind(codes).listed) <= 15
    assert {"H08", "I10", "D07", "E06"} <= {
        each.id for each in DUTIES.for_unit_kind(["hr", "group_office", *department]).listed
    }


def test_no_unit_has_no_duties_and_an_unknown_one_is_refused() -> None:
    assert DUTIES.for_unit_kind([]) == ((), ())
    with pytest.raises(ValueError, match="没有这样的单位代码：no_such_unit"):
        DUTIES.for_unit_kind(["hr", "no_such_unit"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: duty(d, "B05")["lead"].update(codes=["hrr"]), "B05 “牵头”(lead)：代码“hrr”没有声明，请改用 parties"),
        (lambda d: duty(d, "B05")["lead"].update(codes="hr"), "B05 “牵头”(lead)：代码须写成列表"),
        (lambda d: duty(d, "B05")["lead"].update(codes=[["hr"]]), "B05 “牵头”(lead)：代码“['hr']”没有声明"),
        (lambda d: duty(d, "B05")["lead"].update(codes=["hr", "hr"]), "B05 “牵头”(lead)：同一代码写了两次"),
        (lambda d: duty(d, "B05")["lead"].pop("basis"), "B05 “牵头”(lead)：须写成 {basis, codes, text}"),
        (lambda d: duty(d, "B05")["lead"].update(basis="law"), "B05 “牵头”(lead)：代码“law”没有声明，请改用 bases"),
        (lambda d: duty(d, "B05")["lead"].update(basis="none"), "B05 “牵头”(lead)：没有代码的一栏"),
        (lambda d: duty(d, "B05")["lead"].update(text=" "), "B05 “牵头”(lead)：text 不能为空"),
        (lambda d: duty(d, "B05").update(assisting="人事部"), "B05 “配合”(assisting)：须写成 {codes, text}"),
        (lambda d: duty(d, "B05").update(clause=""), "B05 “条款”(clause)：不能为空"),
        (lambda d: duty(d, "B05").update(wording=3), "B05 “义务”(wording)：不能为空，须是文字"),
        (lambda d: duty(d, "B05").pop("cadence"), "B05 “频次”(cadence)：缺少这一栏"),
        (lambda d: duty(d, "B05").update(deadline="x"), "B05 deadline：不认识的一栏"),
        (lambda d: duty(d, "B05").update(processes=[]), "B05 “流程”(processes)：至少要有一个流程"),
        (lambda d: duty(d, "B05").update(same_as=[]), "B05 “重申”(same_as)：须是职责编号的列表"),
        (lambda d: duty(d, "L02").update(same_as=["D70", {}]), "L02 “重申”(same_as)：没有职责“D70”"),
        (lambda d: duty(d, "L02").update(same_as=["L02"]), "L02 “重申”(same_as)：不能重申自己"),
        (lambda d: duty(d, "H08").update(quota="四篇"), "H08 “数额”(quota)：须有 basis 和 text"),
        (lambda d: duty(d, "H08")["quota"].update(at_least="4"), "H08 “数额”(quota)：at_least 须是不小于 0 的整数"),
        (lambda d: duty(d, "H08")["quota"].update(at_most=True), "H08 “数额”(quota)：at_most 须是"),
        (lambda d: duty(d, "H08")["quota"].update(unit="篇"), "H08 “数额”(quota)：代码“篇”没有声明，请改用 units"),
        (lambda d: duty(d, "H08")["quota"].pop("unit"), "H08 “数额”(quota)：measure 和 unit 须同时写"),
        (lambda d: duty(d, "H08")["quota"].update(basis="none"), "H08 “数额”(quota)：写了 measure，basis 须是"),
        (lambda d: duty(d, "A01")["quota"].update(per="yearly"), "A01 “数额”(quota)：写了数字、per 或 each"),
        (lambda d: d["duties"].remove(duty(d, "F03")), "F03 id：缺少这一条"),
        (lambda d: d["duties"].append(duty(d, "F03")), "F03 id：编号重复 2 次"),
        (lambda d: duty(d, "F03").update(id="F09"), "F09 id：编号超出文件开头该章的条数"),
        (lambda d: duty(d, "F03").update(id="f3"), "条 id：编号须写成一个大写字母加两位数字"),
        (lambda d: d["duties"].append("A01"), "第 104 条 id：编号须写成"),
        (lambda d: d.pop("units"), "文件开头 units：缺少这一组代码"),
        (lambda d: d["parties"].update(hr=""), "文件开头 parties.hr：须写中文名称"),
        (lambda d: d["parties"].update({False: "否"}), "文件开头 parties.False：须写中文名称"),
        (lambda d: d["chapters"].update(A="二"), "文件开头 chapters.A：须写成 {label: 名称, duties: 条数}"),
        (lambda d: d["cadences"].update(once={"label": "一次", "recurs": "no"}), "文件开头 cadences.once：须写成"),
        (lambda d: d.update(duties={}), "文件 duties：缺少职责列表"),
        (lambda d: d.update(extra={}), "文件 extra：不认识的一组"),
    ],
)
def test_a_fault_is_told_with_its_duty_and_field(change: Callable[[dict[str, Any]], object], says: str) -> None:
    assert says in str(broken(change))


def test_all_faults_are_told_at_once() -> None:
    def change(document: dict[str, Any]) -> None:
        duty(document, "A01")["lead"]["codes"] = ["nobody"]
        duty(document, "B07").update(clause="")
        document["duties"].remove(duty(document, "K01"))

    error = broken(change)
    assert [(fault.place, fault.field) for fault in error.faults] == [("A01", "lead"), ("B07", "clause"), ("K01", "id")]
    assert "职责清单有 3 处错误" in str(error)


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_list_of_duties_is_refused(document: object) -> None:
    with pytest.raises(DutiesError, match="文件：内容不是职责清单"):
        duties.check(document)


def test_another_file_can_be_loaded(tmp_path: Path) -> None:
    document = deepcopy(DOCUMENT)
    duty(document, "A01")["clause"] = "新条款"
    path = tmp_path / "duties.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    assert duties.load(path)["A01"].clause == "新条款"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"duties:\n  - [", "第 2 行附近不合 YAML 的写法"),
        (b"units: {times: a, times: b}", "第 1 行附近重复写了 times"),
        (b"units: \x00", "某处不合 YAML 的写法"),
        (b"\xff\xfe\xfa", "不能读取"),
    ],
)
def test_a_damaged_file_is_told_with_its_line(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "duties.yaml"
    path.write_bytes(content)
    with pytest.raises(DutiesError) as caught:
        duties.load(path)
    assert says in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DutiesError, match="不能读取"):
        duties.load(tmp_path / "none.yaml")


def test_duties_cannot_be_changed_in_memory() -> None:
    with pytest.raises(AttributeError):
        DUTIES["A01"].clause = "x"  # type: ignore[misc]
