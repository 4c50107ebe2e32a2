"""Files that come with a form: kept in the same act, and never lost with it."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.http import parse_options_header

from engine.core import documents as keeping
from tests.web.browsing import Browse
from tests.web.errands import engine_of
from tests.web.test_tasks import hand_in, start

PDF = b"%PDF-1.7\n1 0 obj\n"
MEGABYTE = 1 << 20


def docx() -> bytes:
    """Make the smallest file that passes for a document."""
    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return stream.getvalue()


def test_a_file_is_kept_with_the_form_and_handed_out_under_its_name(browse: Browse) -> None:
    wang = start(browse).submit("暂存", 附件=("清单.pdf", PDF))
    assert wang.statuses == [303, 200]
    assert "清单.pdf" in wang.links("清单")
    wang.click("清单.pdf")
    assert wang.response is not None
    assert wang.response.data == PDF
    assert wang.response.headers["Content-Disposition"].startswith("attachment")


def test_a_file_goes_on_with_the_form(browse: Browse) -> None:
    wang = start(browse).submit("报送", 事项名称="纸张", 附件=[("清单.pdf", PDF), ("说明.docx", docx())])
    assert wang.statuses == [303, 200], wang.errors
    zhang = browse("zhang").open("/inbox").click("审核")
    assert "清单.pdf" in zhang.text
    assert "说明.docx" in zhang.text


def test_a_renamed_program_is_refused_and_all_that_was_typed_stays(browse: Browse) -> None:
    wang = start(browse).submit("报送", 事项名称="纸张", 附件=[("病毒.docx", b"MZ\x90\x00"), ("清单.pdf", PDF)])
    assert wang.status == 422
    assert "文件的内容与扩展名不符" in wang.errors
    assert wang.value("事项名称") == "纸张"
    assert "清单.pdf" in wang.links("清单")
    wang.submit("报送")
    assert wang.statuses == [303, 200], wang.errors


def test_a_file_over_the_limit_is_too_large_and_the_rest_stays(browse: Browse) -> None:
    wang = start(browse).submit("报送", 理由="写了很久", 附件=("大.pdf", PDF + bytes(MEGABYTE)))
    assert wang.status == 413
    assert "“大.pdf”没有收下" in wang.errors
    assert wang.value("理由") == "写了很久"
    wang.submit("报送", 事项名称="纸张")
    assert wang.statuses == [303, 200]


def test_a_request_beyond_everything_is_too_large(browse: Browse) -> None:
    wang = start(browse)
    assert wang.submit("暂存", 附件=("大.pdf", bytes(13 * MEGABYTE))).status == 413
    assert "一次提交的内容太大" in wang.text


def test_a_zip_bomb_is_refused(browse: Browse) -> None:
    stream = BytesIO()
    with ZipFile(stream, "w", compression=8) as archive:
        archive.writestr("word/document.xml", bytes(60 * MEGABYTE))
    wang = start(browse).submit("报送", 附件=("炸弹.docx", stream.getvalue()))
    assert wang.status == 422
    assert "解压后过大" in wang.errors


def test_a_file_is_refused_twice_and_only_the_form_is_to_blame(browse: Browse) -> None:
    wang = start(browse).submit("报送", 附件=("清单.pdf", PDF))
    assert wang.status == 422
    assert "事项名称" in wang.errors
    assert wang.links("清单.pdf") == ["清单.pdf", "清单.pdf"]
    wang.submit("报送", 事项名称="纸张")
    assert wang.statuses == [303, 200], wang.errors


def test_a_file_is_taken_off_again(browse: Browse) -> None:
    wang = start(browse).submit("暂存", 附件=("清单.pdf", PDF))
    wang.press("暂存", {"files._drop": True})
    assert not wang.tree.xpath("//input[@name='files' and @type='hidden']")


@pytest.mark.parametrize("name", ["宏.docm", "脚本.html", "无扩展名", "图.svg"])
def test_other_kinds_are_not_taken(browse: Browse, name: str) -> None:
    wang = start(browse).submit("暂存", 附件=(name, b"<script>alert(1)</script>"))
    assert wang.status == 422
    assert "只接收" in wang.errors


HOSTILE = (
    "<img src=x onerror=alert(1)>.pdf",
    "\u202efdp.计划.pdf",
    "../../etc/passwd.pdf",
    "..\\..\\windows\\清单.pdf",
    "清单;filename=evil.html;.pdf",
    "清单%0d%0aX-Evil: 1.pdf",
    "CON.pdf",
    "长" * 200 + ".pdf",
    "𠮷🎖️.pdf",
    "'; DROP TABLE document; --.pdf",
)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_file_is_called_it_is_shown_as_text_and_handed_out_as_a_file(browse: Browse, name: str) -> None:
    wang = start(browse).submit("暂存", 附件=(name, PDF))
    assert wang.statuses == [303, 200], wang.errors
    assert not wang.tree.xpath("//img")
    link = wang.tree.xpath("//a[contains(@href, '/documents/')]")[0]
    shown = link.text_content().strip()
    assert shown.endswith(".pdf")
    assert not any(mark in shown for mark in "\u202e/\\<>\r\n")
    answer = wang.open(link.get("href")).response
    assert answer is not None
    assert answer.data == PDF
    assert "X-Evil" not in answer.headers
    kind, options = parse_options_header(answer.headers["Content-Disposition"])
    assert (kind, options["filename"]) == ("attachment", shown)
    assert len(answer.headers["Content-Disposition"]) < 500
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.content_type == "application/pdf"


PAGE = b"<!doctype html><script>alert(document.domain)</script>"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("网页.pdf", PAGE),
        ("图.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("图.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("网页.html", PAGE),
        ("网页.pdf.html", PAGE),
        ("程序.pdf.exe", b"MZ\x90"),
        ("压缩.zip", b"PK\x03\x04"),
    ],
)
def test_what_a_browser_could_run_is_not_taken(browse: Browse, name: str, content: bytes) -> None:
    wang = start(browse).submit("暂存", 附件=(name, content))
    assert wang.status == 422
    assert not wang.tree.xpath("//a[contains(@href, '/documents/')]")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_page_inside_a_document_stays_a_document(browse: Browse) -> None:
    wang = start(browse).submit("暂存", 附件=("两用.pdf", PDF + PAGE))
    answer = wang.click("两用.pdf").response
    assert answer is not None
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


def test_a_slow_upload_keeps_nobody_else_waiting(app: Flask, browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a disk that takes its time
    wang, li, store = start(browse), browse("li"), keeping.store
    others: list[int] = []

    def slowly(*given: Any) -> tuple[str, int]:
        with ThreadPoolExecutor(1) as pool:
            others.append(pool.submit(lambda: li.submit("退出登录").status).result(timeout=60))
        return store(*given)

    monkeypatch.setattr(keeping, "store", slowly)
    # When a file is being written, somebody else's act goes through meanwhile
    wang.submit("暂存", 附件=("清单.pdf", PDF))
    assert wang.statuses == [303, 200]
    assert others == [200]


def test_a_file_that_only_came_by_is_stored_by_nobody(app: Flask, browse: Browse) -> None:
    # Given a task of the head, and those who may see it but never do it
    zhang = hand_in(browse)
    for login in ("audit", "wang"):
        visit = browse(login).open(zhang.path)
        visit.open("/account")
        token = visit.tree.xpath("//input[@name='csrf_token']/@value")[0]
        data = MultiDict({"csrf_token": token, "revision": "1", "files": FileStorage(BytesIO(PDF), "清单.pdf")})
        for act in ("save", "complete"):
            visit.send((f"{zhang.path}/{act}", data))
            assert visit.status == 404
    assert not engine_of(app).files.exists()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_files_of_one_matter_have_a_limit_together(browse: Browse) -> None:
    wang = start(browse)
    for number in range(4):
        wang.submit("暂存", 附件=(f"{number}.pdf", PDF + bytes([number]) * (MEGABYTE - 100)))
        assert wang.statuses == [303, 200], wang.errors
    wang.submit("暂存", 理由="写了很久", 附件=("多.pdf", PDF + bytes(MEGABYTE // 2)))
    assert wang.status == 413
    assert "合计超过4MB" in wang.errors
    assert wang.value("理由") == "写了很久"
    wang.submit("暂存", 附件=("小.pdf", PDF))
    assert wang.statuses == [303, 200]
