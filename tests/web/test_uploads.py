"""Files that come with a form: kept in the same act, and never lost with it."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from tests.web.browsing import Browse
from tests.web.test_tasks import start

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
