"""The archive of an affair is for those who may see the whole of it: a .zip that proves itself, and on record."""

import io
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote

from engine import archive
from engine.core import history
from engine.ground import model
from tests.web.stage import Stage, check_page, text_of

NAME = "跑腿·修门·归档"


def file(stage: Stage) -> tuple[str, Path]:
    """Walk an errand to where the units answer, and file it; give its address and its bag."""
    instance_id = stage.start()
    stage.work("staff", "写明要办的事", {"text": "修好"}, "send")
    stage.work("head", "负责人看", {"opinion": "可以"}, "agree")
    folder = archive.build(stage.engine, instance_id, NAME)
    rows = [
        {"instance_id": instance_id, "scope": "", "name": name, "value": value}
        for name, value in archive.variables_of(stage.engine, folder).items()
    ]
    with stage.engine.transaction() as unit:
        unit.connection.execute(model.variable.insert(), rows)
    return f"/instances/{instance_id}", folder


def taken(stage: Stage) -> list[tuple[str | None, str]]:
    """Tell who took which archive, by the log of access."""
    names = {person: login for login, person in stage.persons.items()}
    with stage.engine.reading() as unit:
        found = [event for event in history.read(unit.connection, "access") if event.kind == "archive-read"]
    return [(names.get(event.envelope["person"]), (event.payload or {})["title"]) for event in found]


def test_an_archive_is_taken_from_the_page_and_proves_itself(stage_on_both: Stage, tmp_path: Path) -> None:
    # Given an errand that was filed
    stage = stage_on_both
    place, folder = file(stage)
    assert f"下载归档包（{NAME}.zip）" in check_page(stage.get("staff", place))
    # When somebody who took part takes the archive
    answer = stage.download("staff", f"{place}/archive.zip")
    # Then it comes as a file that no browser runs, under its own name
    assert answer.status_code == 200
    headers = answer.headers
    assert headers["Content-Type"] == "application/zip"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "no-store" in headers["Cache-Control"]
    kind, _, name = headers["Content-Disposition"].partition("; ")
    assert (kind, "filename=archive.zip" in name) == ("attachment", True)
    assert unquote(name.partition("UTF-8''")[2]) == f"{NAME}.zip"
    # And unpacked it verifies, with no database
    with zipfile.ZipFile(io.BytesIO(answer.data)) as parcel:
        parcel.extractall(tmp_path / "unpacked")
    assert archive.verify(tmp_path / "unpacked" / folder.name) == []
    # And the log says who took it
    assert taken(stage) == [("staff", "跑腿·修门")]
    assert "承办人甲 下载归档包“跑腿·修门”" in check_page(stage.get("auditor", "/audit/access"))


def test_an_archive_is_for_who_may_see_the_whole_and_for_auditors(stage: Stage) -> None:
    place, _folder = file(stage)
    for who in ("hr", "stranger", "drawer", "system", "guard"):
        assert stage.get(who, f"{place}/archive.zip").status_code == 404
        assert stage.post(who, f"{place}/archive/check").status_code == 404
    # A unit that answered sees its own part, which offers no archive of the whole
    with stage.engine.reading() as unit:
        table = model.instance.c
        child = unit.connection.execute(
            model.instance.select().where(table.unit_code == "hr", table.parent_id.is_not(None))
        ).one()
    shown = check_page(stage.get("hr", f"/instances/{child.id}"))
    assert "归档包" not in shown
    assert stage.get("hr", f"/instances/{child.id}/archive.zip").status_code == 404
    for who in ("head", "auditor"):
        assert stage.download(who, f"{place}/archive.zip").status_code == 200
    assert [who for who, _title in taken(stage)] == ["head", "auditor"]


def test_an_archive_is_checked_as_it_lies_there(stage: Stage) -> None:
    place, folder = file(stage)
    assert "归档包完整" in check_page(stage.post("staff", f"{place}/archive/check"))
    # When somebody changes a file of it
    (folder / "data" / "意见.json").write_bytes(b"[]")
    shown = check_page(stage.post("auditor", f"{place}/archive/check"))
    assert "归档包核对不上，有 2 处问题" in shown
    assert "data/意见.json：内容与清单上的 SHA-256 值不符" in shown
    assert "审计管理员 核对归档包“跑腿·修门”" in check_page(stage.get("auditor", "/audit/access"))


def test_of_very_many_faults_only_the_first_are_listed(stage: Stage) -> None:
    place, folder = file(stage)
    for number in range(60):
        (folder / "data" / f"{number}").touch()
    shown = check_page(stage.post("staff", f"{place}/archive/check"))
    assert "有 61 处问题" in shown
    assert "其余没有列出。" in shown


def test_a_missing_folder_is_said_on_the_page_and_at_the_address(stage: Stage) -> None:
    place, folder = file(stage)
    shutil.rmtree(folder)
    shown = check_page(stage.get("staff", place))
    assert "归档包不在归档文件夹里" in shown
    assert "下载归档包" not in shown
    answer = stage.get("staff", f"{place}/archive.zip")
    assert "请系统管理员从备份放回" in check_page(answer, 404)
    assert "归档包不在归档文件夹里" in check_page(stage.post("staff", f"{place}/archive/check"))
    # Nothing was taken
    assert taken(stage) == []


def test_a_bag_with_a_link_in_it_is_not_handed_out(stage: Stage) -> None:
    place, folder = file(stage)
    (folder / "data" / "外面").symlink_to("/etc/passwd")
    assert "请先核对归档包" in check_page(stage.get("staff", f"{place}/archive.zip"), 409)
    assert "链接或特殊文件" in check_page(stage.post("staff", f"{place}/archive/check"))
    assert taken(stage) == []


def test_an_affair_without_an_archive_offers_none(stage: Stage) -> None:
    place = f"/instances/{stage.start()}"
    assert "归档包" not in text_of(stage.get("staff", place))
    for path in (place, "/instances/nobody"):
        assert stage.get("staff", f"{path}/archive.zip").status_code == 404
