"""The command `suixu`: what it says, what it leaves, how it exits."""

import json
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from openpyxl import Workbook

from engine import documents, erasures
from engine.core import anchors
from engine.ground import holding
from engine.ground.clock import FixedClock
from engine.ground.settings import Settings
from engine.ground.unit_of_work import SYSTEM, Engine
from engine.scheduler import Scheduler
from tests.web import errands
from web import app as house
from web import assets, cli, demo, server
from web.session import ENGINE

Suixu = Callable[..., tuple[int, str, str]]


@pytest.fixture
def suixu(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Suixu:
    """Run a command on an empty database; give its exit, what it said, what it complained of."""
    monkeypatch.setenv("SUIXU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SUIXU_DATABASE_URL", database_url)
    # The duties of the office are read at every start; these commands need none of them.
    monkeypatch.setattr("workflows.registry.functions", dict)
    monkeypatch.setattr("workflows.registry.options", dict)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            status = cli.main(arguments)
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        said = capfd.readouterr()
        return status, said.out, said.err

    return run


def staff_list(path: Path, **changed: str) -> Path:
    """Write a staff list with one person."""
    row = {
        "单位编码": "hr", "单位名称": "人事部", "单位类别": "department", "岗位编码": "staff", "岗位名称": "承办人",
        "岗位类别": "staff", "姓名": "王承办", "工号": "001", "登录名": "wang", "任职日期": "2024-01-01",
    }  # fmt: skip
    row.update(changed)
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(row))
    sheet.append(list(row.values()))
    book.save(path)
    return path


def test_the_first_administrator_is_told_their_password_once(suixu: Suixu) -> None:
    status, out, _err = suixu("init")
    assert status == 0
    assert re.search(r"密码：\w{4}-\w{4}-\w{4}-\w{4}（只显示这一次", out)
    status, _out, err = suixu("init")
    assert status == 1
    assert "已有账号" in err


def test_a_command_before_init_says_what_to_run(suixu: Suixu) -> None:
    for arguments in (("verify",), ("serve",), ("publish", str(errands.FOLDER / "errand.bpmn"))):
        status, _out, err = suixu(*arguments)
        assert status == 1
        assert "suixu init" in err


def test_migrating_twice_is_the_same_as_once(suixu: Suixu) -> None:
    assert suixu("migrate")[0] == suixu("migrate")[0] == 0


def test_staff_and_processes_are_brought_in_and_the_record_is_whole(suixu: Suixu, tmp_path: Path) -> None:
    suixu("init")
    status, out, err = suixu("org", "import", str(staff_list(tmp_path / "list.xlsx")))
    assert status == 0, err
    assert "新增单位 1 个、岗位 1 个、人员 1 名、任职 1 项。" in out
    assert "账号 wang 的初始密码" in out
    status, out, err = suixu("publish", str(errands.FOLDER / "errand.bpmn"))
    assert status == 1
    assert "hr.head" in err
    status, out, err = suixu("verify")
    assert status == 0, err
    assert "记录完整" in out


def test_what_was_erased_by_law_is_told_apart_from_what_is_broken(
    suixu: Suixu, database_url: str, tmp_path: Path
) -> None:
    # Given a record of which one line was lawfully erased, and an anchor of it
    suixu("init")
    engine = Engine(errands.settings(database_url, tmp_path / "data"), FixedClock(errands.MORNING))
    with engine.transaction() as unit:
        erasures.erase(unit, "organization", 1, SYSTEM, "某法第一条", "本人要求")
        path = anchors.drop(unit)
    engine.close()
    # Then it is told, and is no fault
    status, out, err = suixu("verify")
    assert (status, err) == (0, "")
    assert "- organization：第1条已依法清除内容" in out
    # But an anchor that says otherwise, and one that is cut off, are
    content = json.loads(path.read_text(encoding="utf-8"))
    content["heads"]["organization"] = [1, "0" * 64]
    path.write_text(json.dumps(content), encoding="utf-8")
    path.with_name("cut.json").write_bytes(b"{")
    status, out, err = suixu("verify")
    assert status == 1
    assert "- organization：2026年1月20日锚定时的第1条记录" in err
    assert "- 锚定文件 cut.json 读不出来" in err


def test_a_faulty_list_is_refused_cell_by_cell(suixu: Suixu, tmp_path: Path) -> None:
    suixu("init")
    status, _out, err = suixu("org", "import", str(staff_list(tmp_path / "list.xlsx", 单位类别="无此类")))
    assert status == 1
    assert "第2行C列" in err


def test_a_drawing_is_published_once(suixu: Suixu, tmp_path: Path) -> None:
    suixu("init")
    small = tmp_path / "errand.bpmn"
    shutil.copy(errands.FOLDER / "errand.bpmn", small)
    for path in errands.FOLDER.glob("*.form"):
        shutil.copy(path, tmp_path)
    text = small.read_text(encoding="utf-8")
    small.write_text(text.replace("hr.head", "hr.staff").replace("group.leader", "hr.staff"), encoding="utf-8")
    suixu("org", "import", str(staff_list(tmp_path / "list.xlsx")))
    for _time in range(2):
        status, out, err = suixu("publish", str(small), "--note", "第一版")
        assert status == 0, err
        assert "办事流程：第 1 版" in out


def test_a_file_that_is_not_there_is_named(suixu: Suixu) -> None:
    suixu("init")
    status, _out, err = suixu("publish", "/nowhere/x.bpmn")
    assert status == 1
    assert "/nowhere/x.bpmn" in err


def test_a_damaged_archive_is_a_fault(suixu: Suixu, tmp_path: Path) -> None:
    status, _out, err = suixu("archive", "verify", str(tmp_path))
    assert status == 1
    assert "归档包有" in err


def test_doctor_says_what_is_missing(suixu: Suixu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "missing", lambda: ["app.css"])
    status, out, _err = suixu("doctor")
    assert status == 1
    assert "有问题  数据表" in out
    assert "有问题  网页文件：缺少 app.css" in out
    suixu("migrate")
    monkeypatch.setattr(assets, "missing", list)
    assert "正常  数据表" in suixu("doctor")[1]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_commands_say_that_the_database_is_away(suixu: Suixu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "missing", list)
    for url in (f"sqlite:///{tmp_path}", f"postgresql://nobody@/nothing?host={tmp_path}"):
        monkeypatch.setenv("SUIXU_DATABASE_URL", url)
        status, out, _err = suixu("doctor")
        assert status == 1
        assert "有问题  数据库：数据库暂时不能使用，请检查它是否在运行、SUIXU_DATABASE_URL 是否正确（原因：" in out
        for command in ("verify", "serve", "migrate"):
            status, _out, err = suixu(command)
            assert (status, "数据库暂时不能使用" in err) == (1, True), (url, command)
            assert re.search(r"（原因：.*(unable to open|No such file|failed)", err), err


def test_doctor_looks_at_the_kept_files(suixu: Suixu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "missing", list)
    suixu("init")
    spare = tmp_path / "data" / "files" / "ab" / "abcd"
    spare.parent.mkdir(parents=True)
    spare.write_bytes(bytes(3 << 20))
    out = suixu("doctor")[1]
    assert "正常  附件：0 个，内容与登记一致；另有 1 个（3.0 MB）没有登记" in out
    assert f"正常  附件：没有登记：{spare}" in out
    monkeypatch.setattr(documents, "inspect", lambda _engine: documents.Shelf(9, ("甲.pdf", "乙.pdf"), ("丙.pdf",)))
    status, out, _err = suixu("doctor")
    assert status == 1
    assert "有问题  附件：6 个，内容与登记一致；缺少 2 个，内容被改动 1 个，请从备份中恢复" in out
    assert "有问题  附件：缺少：甲.pdf" in out
    assert "有问题  附件：被改动：丙.pdf" in out


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("publish",), ("archive",), ("org", "import")])
def test_wrong_use_exits_with_two(suixu: Suixu, arguments: tuple[str, ...]) -> None:
    assert suixu(*arguments)[0] == 2


def test_a_wrong_setting_exits_with_two(suixu: Suixu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    status, _out, err = suixu("doctor")
    assert status == 2
    assert "PORT" in err


def test_missing_assets_stop_the_start(suixu: Suixu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "missing", lambda: ["app.css"])
    for command in ("serve", "demo"):
        status, _out, err = suixu(command)
        assert status == 1
        assert "make assets" in err


def test_a_second_writer_on_sqlite_stops(suixu: Suixu, database_url: str, tmp_path: Path) -> None:
    settings = errands.settings(database_url, tmp_path / "data")
    with holding.hold(settings):
        status, _out, err = suixu("migrate")
    on_sqlite = database_url.startswith("sqlite")
    assert status == int(on_sqlite)
    assert ("只能由一个进程写入" in err) == on_sqlite


class Served:
    """Stand in for waitress: remember what was to be served."""

    def __init__(self, app: Flask) -> None:
        self.app, self.closed = app, False

    def run(self) -> None:
        """Be told to stop at once."""
        raise KeyboardInterrupt

    def close(self) -> None:
        """Close."""
        self.closed = True


def test_serving_starts_the_worker_beside_the_pages_and_stops_both(
    suixu: Suixu, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    made: list[Served] = []

    def serve(app: Flask, **_options: object) -> Served:
        made.append(Served(app))
        return made[0]

    monkeypatch.setattr(assets, "missing", list)
    monkeypatch.setattr("signal.signal", lambda *_arguments: None)
    monkeypatch.setattr(Scheduler, "start", lambda _self: happened.append("start"))
    monkeypatch.setattr(Scheduler, "stop", lambda _self: happened.append("stop"))
    monkeypatch.setattr("waitress.create_server", serve)
    suixu("init")
    status, out, _err = suixu("serve")
    assert status == 0
    assert "已打开：http://127.0.0.1:8000" in out
    assert happened == ["start", "stop"]
    assert made[0].closed
    assert ENGINE in made[0].app.extensions


def test_a_port_that_is_taken_is_told(suixu: Suixu, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_arguments: object, **_options: object) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(assets, "missing", list)
    monkeypatch.setattr("waitress.create_server", taken)
    suixu("init")
    status, _out, err = suixu("serve")
    assert status == 1
    assert "请换一个端口" in err


def test_the_demo_is_made_once_and_keeps_its_password_and_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    served: list[Flask] = []

    def serve(app: Flask, _engine: Engine) -> int:
        served.append(app)
        return 0

    monkeypatch.setattr(house, "tell_demo", lambda engine, clock, password: told.append(password))
    monkeypatch.setattr(server, "run", serve)
    settings = Settings.from_environment({"SUIXU_DATA": str(tmp_path)})
    for _time in range(2):
        assert demo.run(settings) == 0
    assert len(told) == 1
    assert told[0] in capsys.readouterr().out
    first, second = (app.extensions[ENGINE].clock for app in served)
    assert first.real_origin == second.real_origin
    assert first.now().year == 2026
    assert all(app.config["DEMO"] for app in served)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "secret_key"]


def test_a_demo_that_failed_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(house, "tell_demo", fail)
    with pytest.raises(ZeroDivisionError):
        demo.run(Settings.from_environment({"SUIXU_DATA": str(tmp_path)}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret_key"]


def test_a_worker_works_where_several_nodes_may(
    suixu: Suixu, database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    suixu("init")
    stopped = threading.Event()
    stopped.set()
    work = server.work
    monkeypatch.setattr(server, "work", lambda engine: work(engine, stopped))

    status, out, err = suixu("worker")

    if database_url.startswith("sqlite"):
        assert (status, out) == (2, "")
        assert "SQLite 只能由一个进程写入" in err
    else:
        assert status == 0
        assert "正在办理作业" in out
