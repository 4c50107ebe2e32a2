"""Decision tables on the pages: uploaded with a draft, readable, pinned to their version, told with what they said."""

from io import BytesIO
from typing import Any

import pytest

from engine import definitions
from engine.core import decision_reading
from tests.engine.office import TABLES
from tests.web.stage import ERRAND, Stage, check_page, tree_of
from tests.web.test_processes import fields_of, post, sheet
from web.decision_sheets import Row, Sheet
from web.decision_sheets import sheet as sheet_of

ASKING = ERRAND.replace(
    '<bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="draft" />',
    '<bpmn:businessRuleTask id="rank" name="定缓急" suixu:decision="rank" suixu:result="rank" />'
    '<bpmn:sequenceFlow id="f0" sourceRef="start" targetRef="rank" />'
    '<bpmn:sequenceFlow id="f1" sourceRef="rank" targetRef="draft" />',
)
RANK = (
    TABLES["first.dmn"]
    .replace('id="first" name="first"', 'id="rank" name="缓急"')
    .replace("<text>amount</text>", "<text>string length(what)</text>")
    .replace('label="amount"', 'label="字数"')
    .replace("&gt;= 5000", "&gt;= 3")
    .replace("&gt;= 1000", "&gt;= 2")
)


def send(stage: Stage, act: str, table: bytes | str, **more: str) -> Any:
    """Send the drawing board as it stands, with a file."""
    file = (BytesIO(table.encode() if isinstance(table, str) else table), "a.dmn")
    data = {**sheet(stage), "source": ASKING, **more, "table": file}
    return stage.browse("drawer").post(f"/processes/errand/{act}", data=data)


def test_a_table_comes_as_a_file_is_published_and_tells_what_it_said(stage: Stage) -> None:
    # Given a draft whose task asks a table that is not there
    missing = check_page(post(stage, "publish", {**sheet(stage), "source": ASKING}), 422)
    assert "决策表“rank”不存在。" in missing
    # When the table is uploaded with it
    assert send(stage, "edit", RANK).status_code == 303
    # Then the board shows it as a table with headers
    page = stage.get("drawer", "/processes/errand/edit")
    assert "决策表“缓急”：取第一条成立的规则" in check_page(page)
    heads = [
        head.text_content() for head in tree_of(page).xpath("//table[caption[contains(., '缓急')]]//th[@scope='col']")
    ]
    assert heads == ["规则", "条件：字数（string length(what)）", "结果：level", "附注"]
    # When it is published, then its version has it, and what runs says which rule answered
    assert post(stage, "publish", sheet(stage)).status_code == 303
    version = check_page(stage.get("drawer", "/processes/errand/versions/2"))
    assert "第 2 条 >= 2" in version and "由决策表“缓急”给出结果。" in version
    matter = f"/instances/{stage.start()}"
    told = check_page(stage.get("staff", matter))
    assert '“定缓急”按规则判定。决策表“缓急”：字数 = 2，what = "修门"；第 2 条规则成立；结果 "middle"' in told
    assert "决策表“缓急”：取第一条成立的规则" in told
    # And a document beside the table is shown, or not found, as ever
    stage.work("staff", "写明要办的事", {"text": "换锁"}, "send")
    paper = next(
        link
        for link in tree_of(stage.get("staff", matter)).xpath("//a/@href")
        if link.startswith(f"{matter}/documents/")
    )
    assert "换锁" in check_page(stage.get("staff", paper))
    assert stage.get("stranger", f"/documents/{paper.rpartition('/')[2]}/file").status_code == 404


def test_a_file_of_the_same_decision_takes_the_place_of_the_one_before_and_is_dropped_by_a_tick(stage: Stage) -> None:
    send(stage, "edit", RANK)
    send(stage, "edit", RANK.replace("middle", "average"), revision="1")
    data = sheet(stage)
    number = next(name.removeprefix("form_key_") for name, value in data.items() if value == "rank.dmn")
    assert "average" in data[f"form_text_{number}"]
    post(stage, "edit", {**data, f"form_drop_{number}": "1"})
    with stage.engine.reading() as unit:
        saved = definitions.draft(unit, "errand")
    assert saved is not None and sorted(saved.content["forms"]) == ["look", "paper", "start"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (b"MZ\x90", "文件不是完整的 XML"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "文件含有 DOCTYPE 声明"),
        (ASKING, "文件不是 DMN 1.3 的决策"),
        (RANK.replace('id="rank" ', ""), "决策没有编号(id)"),
    ],
)
def test_what_is_no_table_is_refused_in_words_and_the_rest_is_kept(
    stage: Stage, table: bytes | str, words: str
) -> None:
    answer = send(stage, "edit", table, note="留着")
    shown = check_page(answer, 422)
    assert "没有保存：新加的表单或决策表有问题。" in shown and words in shown
    assert tree_of(answer).get_element_by_id("table").get("aria-invalid") == "true"
    assert (fields_of(answer)["note"], "定缓急" in fields_of(answer)["source"]) == ("留着", True)


def test_a_table_with_faults_is_kept_in_the_draft_and_each_fault_is_told_at_it(stage: Stage) -> None:
    assert send(stage, "edit", RANK.replace("&gt;= 2", "&gt;=")).status_code == 303
    page = stage.get("drawer", "/processes/errand/edit")
    assert "第 2 条规则第 1 个条件写错了" in check_page(page)
    assert tree_of(page).xpath("//textarea[@aria-invalid='true'][contains(., '缓急')]")


def test_a_file_in_an_encoding_of_old_is_read(stage: Stage) -> None:
    old = RANK.replace('encoding="UTF-8"', 'encoding="GB18030"').encode("gb18030")
    assert send(stage, "edit", old).status_code == 303
    assert "决策表“缓急”" in check_page(stage.get("drawer", "/processes/errand/edit"))


def shown_of(source: str) -> Sheet:
    decision = decision_reading.load(source)
    assert decision is not None
    return sheet_of(decision)


def test_a_table_says_kinds_values_defaults_and_notes() -> None:
    source = TABLES["fallback.dmn"].replace("<inputExpression>", '<inputExpression typeRef="number">')
    source = source.replace(
        "</inputExpression>", "</inputExpression><inputValues><text>[0..10000]</text></inputValues>"
    )
    shown = shown_of(source.replace("<rule>", "<rule><description>大额</description>"))
    assert (shown.title, shown.policy) == ("fallback", "最多一条规则成立")
    assert shown.columns == ("条件：amount，类型 number，只能是 [0..10000]", "结果：level", "附注")
    assert shown.rows == (
        Row("第 1 条", ("> 9000", '"high"', "大额")),
        Row("都不成立时", ("不限", '"low"', "默认结果")),
    )
    summed = shown_of(TABLES["sum.dmn"])
    assert summed.policy == "取成立的各条规则，结果求和"
    assert summed.rows[2] == Row("第 3 条", ("不限", "4", "无"))
