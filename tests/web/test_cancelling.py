"""Who started a matter takes it back, with a reason and once more confirmed; nobody else does."""

from flask import Flask

from tests.web.browsing import Browse, Visit


def begun(browse: Browse) -> Visit:
    """Start the errand and open its page."""
    visit = browse("wang")
    visit.open("/processes/errand/start").press("发起", {"subject": "买纸"})
    assert visit.status == 200, visit.text
    visit.open("/instances")
    return visit.open(next(link.get("href") for link in visit.tree.iter("a") if "/instances/" in link.get("href", "")))


def test_a_matter_is_cancelled_with_a_reason(app: Flask, browse: Browse) -> None:
    visit = begun(browse)
    visit.press("撤销", {"reason": "上级另有安排"})
    assert visit.status == 422
    assert "我已确认" in visit.errors
    assert visit.tree.xpath("//*[@role='alert']//a/@href") == ["#field-confirmed"]
    assert visit.tree.xpath("//*[@id='field-confirmed']/@aria-invalid") == ["true"]
    assert visit.value("reason") == "上级另有安排"
    visit.press("撤销", {"confirmed": True, "reason": " "})
    assert visit.status == 422
    assert "原因" in visit.errors
    sent = visit.prepared("撤销", {"confirmed": True, "reason": "上级另有安排"})
    visit.send(sent)
    assert "已撤销" in visit.flash
    assert "上级另有安排" in visit.text
    assert "撤销" not in visit.buttons()
    assert visit.send(sent).status == 409


def test_it_is_nobody_elses_to_cancel(app: Flask, browse: Browse) -> None:
    visit = begun(browse)
    sent = visit.prepared("撤销", {"confirmed": True, "reason": "x"})
    other = browse("chen").open("/account")
    token = other.tree.xpath("//input[@name='csrf_token']/@value")[0]
    sent[1].setlist("csrf_token", [token])
    assert other.send(sent).status == 404
