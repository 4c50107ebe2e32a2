"""A form on a page: labels, hints, errors, rows, files, confirmations, all without JavaScript."""

import json
from typing import Any

import pytest
from flask import Flask, render_template_string
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from lxml.html import HtmlElement

from engine.core import forms as engine_forms
from engine.ground.errors import Fault
from web import forms
from web.form_sheets import field_id, sheet

YES_NO = [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}]
OPTIONS: dict[str, list[dict[str, str]]] = {
    "units": [{"value": "hr", "label": "人事部"}, {"value": "office", "label": "办公室"}],
    engine_forms.FILES: [
        {"value": "f1", "label": "计划.docx", "href": "/documents/f1"},
        {"value": "f2", "label": "照片.jpg"},
    ],
}
SOURCE = json.dumps(
    {
        "type": "default",
        "id": "plan",
        "title": "报送",
        "components": [
            {"type": "text", "text": "# 说明\n<b>请</b>填写\n- 甲\n- 乙"},
            {"type": "textfield", "key": "unit_name", "label": "单位", "readonly": True},
            {
                "type": "textfield",
                "key": "name",
                "label": "名称",
                "description": "写全称",
                "validate": {"required": True},
            },
            {"type": "number", "key": "budget", "label": "经费", "properties": {"money": "true"}},
            {"type": "datetime", "key": "starts", "label": "开始", "subtype": "date"},
            {"type": "separator"},
            {"type": "select", "key": "lead", "label": "牵头", "valuesKey": "units"},
            {"type": "radio", "key": "army", "label": "涉军", "values": YES_NO, "validate": {"required": True}},
            {"type": "checklist", "key": "evidence", "label": "成果", "valuesKey": "units"},
            {"type": "checkbox", "key": "none", "label": "无计划"},
            {"type": "filepicker", "key": "files", "label": "附件", "multiple": True, "accept": ".pdf"},
            {
                "type": "group",
                "label": "联系",
                "components": [{"type": "textfield", "key": "phone", "label": "电话"}],
            },
            {
                "type": "dynamiclist",
                "path": "items",
                "label": "事项",
                "validate": {"required": True},
                "components": [
                    {"type": "textfield", "key": "title", "label": "题名", "validate": {"required": True}},
                    {"type": "datetime", "key": "deadline", "label": "时间", "subtype": "date"},
                    {"type": "checkbox", "key": "done", "label": "已办"},
                    {"type": "checklist", "key": "with", "label": "配合", "valuesKey": "units"},
                ],
            },
            {
                "type": "textarea",
                "key": "opinion",
                "label": "意见",
                "properties": {"opinion": "true", "required_for": "return"},
            },
            {"type": "button", "label": "退回修改", "properties": {"outcome": "return"}},
            {"type": "button", "label": "不同意", "properties": {"outcome": "refuse", "more": "true"}},
            {"type": "button", "label": "报送", "properties": {"outcome": "send", "style": "primary"}},
        ],
    }
)
FORM = engine_forms.load(SOURCE)
CALL = '{% import "forms/form.html" as macros %}<!doctype html><title>t</title>{{ macros.render_form(form, **given) }}'


@pytest.fixture(scope="module")
def app() -> Flask:
    """Make an app that has nothing but the templates of forms."""
    app = Flask("web")
    forms.install(app)
    return app


def render(app: Flask, values: dict[str, Any], **given: Any) -> HtmlElement:
    """Render the form and read it back."""
    form = given.pop("form", FORM)
    arguments = {"values": values, "options": OPTIONS, "action": "/tasks/1/complete"} | given
    with app.app_context():
        return html.document_fromstring(render_template_string(CALL, form=form, given=arguments))


def one(page: HtmlElement, path: str) -> HtmlElement:
    """Give the only element at a path."""
    found = page.xpath(path)
    assert isinstance(found, list)
    (element,) = found
    assert isinstance(element, HtmlElement)
    return element


def all_of(page: HtmlElement, path: str) -> list[Any]:
    """Give everything at a path."""
    found = page.xpath(path)
    assert isinstance(found, list)
    return found


def sent(page: HtmlElement) -> dict[str, list[str]]:
    """Give what a browser would send."""
    raw: dict[str, list[str]] = {}
    for name, value in page.forms[0].form_values():
        raw.setdefault(name, []).append(value)
    return raw


def refusal(values: dict[str, Any], outcome: str = "send") -> list[Fault]:
    """Give what is wrong with values."""
    return engine_forms.validate(FORM, values, outcome, OPTIONS)[1]


def test_the_form_itself_may_be_published() -> None:
    assert engine_forms.check(SOURCE, {"units"}) == []


def test_every_control_has_a_name_that_is_read_out(app: Flask) -> None:
    page = render(app, {"files": ["f1"], "items": [{}, {}]}, save_action="/save")
    controls = all_of(page, "//form//*[self::input or self::select or self::textarea][not(@type='hidden')]")
    labels = {label.get("for"): label.text_content().strip() for label in all_of(page, "//label")}
    assert len(controls) > 20
    assert all(labels.get(control.get("id")) for control in controls)
    assert all(all_of(fieldset, "./legend") for fieldset in all_of(page, "//fieldset"))


def test_what_cannot_be_chosen_now_is_shown_and_not_sent(app: Flask) -> None:
    # Given a unit that is offered but closed, and was chosen before
    closed = [{"value": "hr", "label": "人事部（未到）", "disabled": "true"}, OPTIONS["units"][1]]
    given = {"lead": "hr", "evidence": ["hr", "office"]}
    page = render(app, given, options={**OPTIONS, "units": closed})
    # Then only what is open is sent, and what is wrong with the field leads there
    assert sent(page)["evidence"] == ["office"]
    assert "hr" not in sent(page).get("lead", [])
    assert one(page, "//input[@id='field-evidence']").get("value") == "office"
    # And where nothing is open the field itself takes the focus
    page = render(app, given, options={**OPTIONS, "units": closed[:1]})
    assert one(page, "//*[@id='field-evidence']").tag == "fieldset"


def test_ids_are_unique_and_every_reference_has_its_target(app: Flask) -> None:
    values = {"items": [{}, {"deadline": "x"}]}
    page = render(app, values, faults=refusal(values), warnings=[Fault("w", "像", "name")])
    ids = all_of(page, "//@id")
    assert len(ids) == len(set(ids))
    assert set(" ".join(all_of(page, "//@aria-describedby | //@aria-labelledby")).split()) <= set(ids)
    assert {href[1:] for href in all_of(page, "//a/@href") if href.startswith("#")} <= set(ids)


def test_hints_and_errors_are_tied_to_their_field(app: Flask) -> None:
    page = render(app, {}, faults=refusal({}))
    name = one(page, "//input[@name='name']")
    assert name.get("aria-invalid") == "true"
    said = [one(page, f"//*[@id='{target}']").text_content() for target in name.get("aria-describedby", "").split()]
    assert said == ["写全称", "错误：请填写“名称”。"]
    assert name.get("required") is not None


def test_the_error_summary_comes_first_takes_the_focus_and_leads_to_the_fields(app: Flask) -> None:
    faults = refusal({"items": [{}]})
    page = render(app, {"items": [{}]}, faults=faults)
    summary = one(page, "//*[@role='alert']")
    assert summary.get("tabindex") == "-1"
    assert all_of(page, "//*[@autofocus]") == [summary]
    assert [link.get("href") for link in all_of(summary, ".//a")] == [
        "#field-name",
        "#field-army",
        "#field-items-0-title",
    ]
    assert summary.getnext() is page.forms[0]


def test_what_was_typed_stays_as_it_was_typed(app: Flask) -> None:
    typed = {"name": '１２ 😀 <b>"', "budget": "三元", "opinion": "\n长" * 5000, "starts": "2026年13月1日"}
    page = render(app, typed, faults=refusal(typed))
    assert one(page, "//input[@name='name']").get("value") == typed["name"]
    assert one(page, "//input[@name='budget']").get("value") == "三元"
    assert one(page, "//input[@name='starts']").get("value") == "2026年13月1日"
    assert sent(page)["opinion"][0].lstrip("\n") == typed["opinion"].lstrip("\n")
    assert "有 9999 字，最多 5000 字" in one(page, "//*[@id='field-opinion-error']").text_content()


def test_text_of_the_form_is_never_markup(app: Flask) -> None:
    page = render(app, {})
    assert all_of(page, "//b") == []
    assert one(page, "//form/h3").text_content() == "说明"
    assert [item.text_content() for item in all_of(page, "//form/ul/li")] == ["甲", "乙"]


def test_enter_saves_and_never_adds_removes_or_decides(app: Flask) -> None:
    page = render(app, {"items": [{}]}, save_action="/tasks/1/save")
    first = all_of(page, "//form//button")[0]
    assert (first.get("name"), first.get("formaction")) == ("_save", "/tasks/1/save")
    assert (first.get("tabindex"), first.get("aria-hidden")) == ("-1", "true")
    assert all_of(page, "//button[@name='_add']/@formaction") == ["/tasks/1/save"]


def test_without_a_draft_to_save_enter_presses_the_primary_button(app: Flask) -> None:
    first = all_of(render(app, {"items": [{}]}), "//form//button")[0]
    assert (first.get("name"), first.get("value")) == ("outcome", "send")


def test_buttons_come_primary_first_and_rare_ones_are_put_away_and_confirmed(app: Flask) -> None:
    page = render(app, {}, save_action="/save")
    shown = all_of(page, "//div[@class='buttons']/button")
    assert [button.text_content() for button in shown] == ["报送", "退回修改", "暂存"]
    rare = one(page, "//details[summary='更多']")
    assert rare.get("open") is None
    assert one(rare, ".//button").get("value") == "refuse"
    assert one(rare, ".//input").get("name") == "_confirm_refuse"
    assert one(rare, ".//label").text_content() == "我已确认"


def test_a_rare_outcome_is_not_taken_unconfirmed(app: Flask) -> None:
    (fault,) = forms.unconfirmed(FORM, {}, "refuse", [])
    assert fault.element == "_confirm_refuse"
    assert forms.unconfirmed(FORM, {"_confirm_refuse": ["1"]}, "refuse", []) == []
    assert forms.unconfirmed(FORM, {}, "send", []) == []
    page = render(app, {}, faults=[fault])
    assert one(page, "//details").get("open") is not None
    assert one(page, "//input[@name='_confirm_refuse']").get("aria-invalid") == "true"


def test_what_looks_secret_is_shown_and_confirmed_before_it_is_sent(app: Flask) -> None:
    values = {"name": "慰问 12345部队"}
    warned = engine_forms.warnings(FORM, values)
    (fault,) = forms.unconfirmed(FORM, {}, "send", warned)
    assert forms.unconfirmed(FORM, {forms.SENSITIVE: ["1"]}, "send", warned) == []
    page = render(app, values, faults=[fault], warnings=warned)
    assert one(page, f"//input[@name='{forms.SENSITIVE}']").get("id") == field_id(fault.element)
    assert "像部队番号" in page.text_content()


def test_a_row_is_added_without_losing_what_was_typed(app: Flask) -> None:
    raw = sent(render(app, {"name": "x", "items": [{"title": "一"}]})) | {"_add": ["items"]}
    values = forms.apply_row_action(FORM, engine_forms.parse(FORM, raw), raw)
    assert values is not None
    assert [row["title"] for row in values["items"]] == ["一", ""]
    assert values["name"] == "x"
    page = render(app, values, focus=forms.row_focus(values, raw))
    focused = one(page, "//*[@autofocus]")
    assert (focused.get("id"), all_of(focused, "./legend")[0].text_content()) == ("field-items-1", "第 2 项")


def test_a_row_is_removed_and_the_focus_goes_to_the_list(app: Flask) -> None:
    raw = {"items[0].title": ["一"], "items[1].title": ["二"], "items[2].title": ["三"], "_remove": ["items[1]"]}
    values = forms.apply_row_action(FORM, engine_forms.parse(FORM, raw), raw)
    assert values is not None
    assert [row["title"] for row in values["items"]] == ["一", "三"]
    assert one(render(app, values, focus=forms.row_focus(values, raw)), "//*[@autofocus]").get("id") == "field-items"


@pytest.mark.parametrize(
    "raw", [{"_add": ["files"]}, {"_remove": ["items[9]"]}, {"_remove": ["items"]}, {"_add": ["?"]}]
)
def test_a_forged_row_action_changes_nothing(raw: dict[str, list[str]]) -> None:
    values = {"items": [{"title": "一"}]}
    assert forms.apply_row_action(FORM, values, raw) == values


def test_another_button_is_no_row_action() -> None:
    assert forms.apply_row_action(FORM, {}, {"outcome": ["send"], "_add": []}) is None


def test_a_row_of_unticked_boxes_still_arrives(app: Flask) -> None:
    raw = sent(render(app, {"items": [{}, {}]}))
    assert len(engine_forms.parse(FORM, raw)["items"]) == 2


def test_files_are_listed_kept_and_dropped(app: Flask) -> None:
    page = render(app, {"files": ["f1", "f2", "别人的"]})
    assert page.forms[0].get("enctype") == "multipart/form-data"
    assert one(page, "//a[@href='/documents/f1']").text_content() == "计划.docx"
    assert one(page, "//input[@type='file']").get("multiple") is not None
    raw = sent(page) | {"files._drop": ["f1"]}
    assert engine_forms.parse(FORM, raw)["files"] == ["f2"]
    assert forms.uploads(FORM) == ["files"]


def test_a_form_that_is_only_read_holds_no_controls_and_says_what_is_meant(app: Flask) -> None:
    values = {
        "name": "计划",
        "budget": "12000.5",
        "starts": "2026-01-20",
        "lead": "hr",
        "army": "no",
        "evidence": ["hr"],
    }
    lists: dict[str, Any] = {
        "none": True,
        "files": ["f1"],
        "items": [{"title": "会议", "deadline": "2026-03-01", "with": ["gone"]}],
    }
    page = render(app, values | lists, readonly=True)
    assert all_of(page, "//form | //input | //button | //select | //textarea") == []
    shown = {row[0].text_content(): row[1].text_content().strip() for row in all_of(page, "//dl/div")}
    assert shown["经费"] == "12,000.50 元"
    assert shown["开始"] == "2026年1月20日"
    assert (shown["牵头"], shown["涉军"], shown["成果"], shown["无计划"]) == ("人事部", "否", "人事部", "是")
    assert (shown["电话"], shown["附件"]) == ("（未填）", "计划.docx")
    cells = {cell.get("data-label"): cell.text_content().strip() for cell in all_of(page, "//tbody//*[@data-label]")}
    assert cells == {"序号": "1", "题名": "会议", "时间": "2026年3月1日", "已办": "否", "配合": "gone"}


def test_rows_too_wide_for_a_table_are_read_one_by_one(app: Flask) -> None:
    fields = [{"type": "textfield", "key": f"f{index}", "label": f"栏{index}"} for index in range(7)]
    rows = {"type": "dynamiclist", "path": "wide", "label": "宽表", "allowAddRemove": False, "components": fields}
    empty = {"type": "dynamiclist", "path": "none", "label": "空表", "components": fields}
    group = {"type": "group", "label": "一组", "components": [rows, empty]}
    wide = engine_forms.load(json.dumps({"id": "wide", "components": [group]}))
    page = render(app, {"wide": [{"f0": "甲"}, {"f0": "乙"}]}, form=wide, readonly=True)
    assert all_of(page, "//table") == []
    assert [heading.text_content() for heading in all_of(page, "//h3 | //h4")] == [
        "一组",
        "宽表",
        "第 1 项",
        "第 2 项",
        "空表",
    ]
    assert "没有内容" in page.text_content()
    page = render(app, {"wide": [{"f0": "甲"}]}, form=wide)
    assert all_of(page, "//button[@name='_remove']") == []
    assert all_of(page, "//button[@name='_add']/@value") == ["none"]


def test_a_read_only_field_is_shown_and_not_sent(app: Flask) -> None:
    page = render(app, {"unit_name": "宣文部"})
    assert one(page, "//form/dl/div/dd").text_content().strip() == "宣文部"
    assert "unit_name" not in sent(page)


def test_the_token_and_the_revision_travel_along(app: Flask) -> None:
    guarded = Flask("web")
    forms.install(guarded)
    guarded.jinja_env.globals["csrf_token"] = lambda: "令牌"
    raw = sent(render(guarded, {}, revision=7))
    assert (raw["csrf_token"], raw["revision"]) == (["令牌"], ["7"])
    assert "csrf_token" not in sent(render(app, {}))


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n"), max_size=20)
LINES = WORDS.map(lambda text: text.replace("\n", " "))
UNITS = st.sampled_from(["", "hr", "office"])
SEVERAL = st.lists(st.sampled_from(["hr", "office"]), unique=True)
DATES = st.dates().map(str) | st.sampled_from(["", "2026年1月20日", "２０２６/１/２"])
ROWS = st.fixed_dictionaries({"title": LINES, "deadline": DATES, "done": st.booleans(), "with": SEVERAL})
VALUES = st.fixed_dictionaries(
    {
        **{"name": LINES, "phone": LINES, "opinion": WORDS, "starts": DATES, "lead": UNITS, "evidence": SEVERAL},
        "budget": st.decimals(0, 10**9, places=2).map(str) | st.just("１２.５元"),
        "army": st.sampled_from(["yes", "no"]),
        "none": st.booleans(),
        "files": st.lists(st.sampled_from(["f1", "f2"]), unique=True),
        "items": st.lists(ROWS, max_size=3),
    }
)


@given(values=VALUES)
@settings(max_examples=60, deadline=None)
def test_clean_values_survive_the_page_unchanged(app: Flask, values: dict[str, Any]) -> None:
    cleaned, _ = engine_forms.validate(FORM, values, "send", OPTIONS)
    again = engine_forms.parse(FORM, sent(render(app, cleaned)))
    assert engine_forms.validate(FORM, again, "send", OPTIONS)[0] == cleaned


def test_what_the_matter_did_not_bring_along_is_not_shown() -> None:
    # Given a form that shows why it came back, in the first round where nothing came back
    reason = {
        "type": "textarea",
        "key": "why",
        "label": "退回的理由",
        "readonly": True,
        "properties": {"default": "why"},
    }
    button = {"type": "button", "action": "submit", "label": "提交", "properties": {"outcome": "go"}}
    source = json.dumps({"type": "default", "id": "f", "components": [reason, button]}, ensure_ascii=False)
    form = engine_forms.load(source)
    # Then it stands there only when there is something to say
    assert [cell.part.key for cell in sheet(form, {"why": ""}, {}, []).cells] == []
    assert [cell.part.key for cell in sheet(form, {"why": "缺日期"}, {}, []).cells] == ["why"]


def test_what_is_only_shown_and_holds_nothing_can_be_left_out(app: Flask) -> None:
    quiet = {"readonly": True, "properties": {"hide_empty": "true"}}
    words = {"type": "textarea", "key": "words", "label": "调整内容", **quiet}
    column = {"type": "textfield", "key": "name", "label": "名称"}
    rows = {"type": "dynamiclist", "path": "tasks", "label": "重点任务", "components": [column], **quiet}
    inner = {"type": "textarea", "key": "goal", "label": "目标", **quiet}
    group = {"type": "group", "label": "改成的内容", "components": [inner]}
    always = {"type": "textfield", "key": "title", "label": "标题", "readonly": True}
    button = {"type": "button", "label": "同意", "properties": {"outcome": "agree"}}
    parts = [words, rows, group, always, button]
    source = json.dumps({"type": "default", "id": "f", "components": parts}, ensure_ascii=False)
    assert engine_forms.check(source, frozenset()) == []
    form = engine_forms.load(source)
    for values, shown in (
        ({}, []),
        ({"words": "完成日期改到一月"}, ["调整内容"]),
        ({"tasks": [{"name": "走访"}]}, ["重点任务"]),
        ({"goal": "2次"}, ["改成的内容"]),
    ):
        said = render(app, values, form=form).text_content()
        assert [label for label in ("调整内容", "重点任务", "改成的内容") if label in said] == shown
        assert "标题" in said
