"""A secretary types in what a leader signed on paper (代录)."""

from tests.web.browsing import Browse, Visit
from tests.web.test_tasks import hand_in

SCAN = ("签批件.pdf", b"%PDF-1.7\nsigned")


def before_the_leader(browse: Browse) -> Visit:
    """Bring an errand before the leader; the secretary stands before it."""
    hand_in(browse).submit("同意", 审核意见="同意采购")
    task = browse("zhao").open("/inbox").click("签批").path
    return browse("qian").open(task)


def test_a_secretary_enters_a_signed_paper_with_its_scan(browse: Browse) -> None:
    qian = before_the_leader(browse)
    assert "代录：领导已在纸上签批" in qian.text
    qian.press(
        "同意", {"批示": "照办", "由谁签批": "group.leader", "_entry_made_on": "2026年1月19日", "_entry_scan": SCAN}
    )
    assert qian.statuses == [303, 200], qian.errors
    zhao = browse("zhao").open("/done").click("签批")
    assert "代录：由钱秘书录入，纸面签批日期2026年1月19日" in zhao.text
    assert "照办" in zhao.text


def test_whatever_is_missing_is_named_at_once_and_nothing_is_lost(browse: Browse) -> None:
    qian = before_the_leader(browse).submit("同意", 批示="照办")
    assert qian.status == 422
    for words in ("请选择由谁签批", "请填写纸面签批日期", "请上传纸面签批的扫描件"):
        assert words in qian.errors
    assert qian.value("批示") == "照办"


def test_a_date_to_come_is_refused_and_the_scan_is_kept(browse: Browse) -> None:
    qian = before_the_leader(browse)
    qian.press("同意", {"由谁签批": "group.leader", "_entry_made_on": "2026-02-01", "_entry_scan": SCAN})
    assert qian.status == 422
    assert "不能晚于今天" in qian.errors
    assert qian.value("_entry_made_on") == "2026-02-01"
    qian.press("同意", {"_entry_made_on": "2026-01-20"})
    assert qian.statuses == [303, 200], qian.errors


def test_somebody_else_sees_nothing_of_it(browse: Browse) -> None:
    task = before_the_leader(browse).path
    assert browse("chen").open(task).status == 404
    assert "代录" not in browse("zhao").open(task).text
