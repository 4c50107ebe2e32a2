"""What HR has edited is never lost, and what a unit has changed is never missed."""

from workflows.merging import Row, merge, merge_lines, row_of


def row(name: str, **fields: str) -> Row:
    return {**row_of({"duty": "F01", "name": name, "from": "2026-07-01", "until": "2026-07-05"}, "unit_a"), **fields}


def test_an_item_becomes_a_row_with_its_unit_as_lead_and_its_count_as_goal() -> None:
    made = row_of({"duty": "H08", "name": "简讯", "count": 4, "budget": "10.00"}, "publicity")
    assert (made["lead"], made["goal"], made["measures"]) == ("publicity", "4次", "")
    assert "budget" not in made
    assert row_of({"name": "简讯", "count": 0}, "publicity")["goal"] == "0次"
    assert row_of({"name": "简讯", "lead": "hr"}, "publicity")["lead"] == "hr"
    assert row_of({"name": "简讯", "done_ahead": True}, "publicity")["done_ahead"] is True


def test_what_is_done_ahead_of_the_approval_is_followed_like_any_other_field() -> None:
    # A row that the form has cleaned says false where the submission said nothing: that is no edit of HR's
    plan = [{**row("甲"), "done_ahead": False}]
    merged, conflicts = merge(plan, [row("甲")], [{**row("甲"), "done_ahead": True}])
    assert merged[0]["done_ahead"] is True
    assert conflicts == []


def test_rows_that_hr_left_alone_follow_the_unit_in_their_place() -> None:
    plan = [row("甲"), row("乙"), row("丙")]
    merged, conflicts = merge(plan, [row("乙")], [row("乙", until="2026-07-09"), row("丁")])
    assert [item["name"] for item in merged] == ["甲", "乙", "丙", "丁"]
    assert merged[1]["until"] == "2026-07-09"
    assert conflicts == []


def test_a_row_that_the_unit_took_back_goes_unless_hr_had_edited_it() -> None:
    edited = row("乙", measures="人事部改定的措施")
    merged, _ = merge([row("甲"), edited], [row("甲"), row("乙")], [])
    assert merged == [edited]


def test_where_both_changed_a_row_hr_stands_and_is_told() -> None:
    edited, newer = row("甲（合并）"), row("甲", until="2026-07-20")
    merged, conflicts = merge([edited], [row("甲")], [newer])
    assert merged == [edited]
    assert conflicts == [newer]


def test_a_row_that_hr_took_out_does_not_come_back() -> None:
    merged, conflicts = merge([], [row("甲")], [row("甲")])
    assert (merged, conflicts) == ([], [])


def test_two_rows_of_one_name_are_two_rows() -> None:
    twins = [row("慰问", until="2026-02-01"), row("慰问", until="2026-08-01")]
    merged, _ = merge([], [], twins)
    assert merged == twins
    later = [twins[0], row("慰问", until="2026-08-09")]
    assert merge(merged, twins, later) == (later, [])


# A text of one line a unit


def test_a_text_that_hr_left_alone_is_written_anew_in_the_order_of_the_units() -> None:
    assert merge_lines("", {}, {"b": "乙。"}) == ("乙。", [])
    assert merge_lines("乙。", {"b": "乙。"}, {"a": "甲。", "b": "乙二。"}) == ("甲。\n乙二。", [])


def test_in_a_text_that_hr_edited_only_the_lines_left_alone_follow() -> None:
    base = {"a": "甲。", "b": "乙。", "c": "丙。"}
    text = "总起。\n甲。\n乙（人事部改定）。\n丙。"
    merged, conflicts = merge_lines(text, base, {"a": "甲二。", "b": "乙二。", "c": "丙。", "d": "丁。"})
    assert merged == "总起。\n甲二。\n乙（人事部改定）。\n丙。\n丁。"
    assert conflicts == ["b"]
    # A line that HR took out, and that its unit left as it was, is no matter
    assert merge_lines("总起。", {"a": "甲。"}, {"a": "甲。"}) == ("总起。", [])
