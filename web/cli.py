"""The command `suixu`: exit 0, 1 for a fault found, 2 for wrong use."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine import accounts, archive, definitions, records
from engine.ground import holding, migrations
from engine.ground.clock import SystemClock
from engine.ground.errors import Busy, Fault, Invalid, SuixuError, reason
from engine.ground.settings import Settings, SettingsError
from engine.ground.unit_of_work import SYSTEM, Engine
from web import app, assets, checkup, demo, drawings, server, streams
from web.texts import gettext as _

Command = Callable[[Settings, argparse.Namespace], int]

FAULT, WRONG_USE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    given = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        command: Command = given.command
        return command(settings, given)
    except SettingsError as error:
        return _complain(str(error), status=WRONG_USE)
    except Busy as error:
        # Who stands at the machine can do something about it.
        why = _("（原因：%s）") % reason(error) if error.__cause__ else ""
        return _complain(error.message + why)
    except SuixuError as error:
        return _complain(error.message, error.faults if isinstance(error, Invalid) else ())
    except KeyboardInterrupt:
        print()
        return 0


def _complain(message: str, faults: Sequence[Fault] = (), status: int = FAULT) -> int:
    print(message, file=sys.stderr)
    for fault in faults:
        place = _("第%s行：") % fault.line if fault.line else ""
        print(f"- {place}{fault.message}{fault.remedy}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("suixu", description=_("岁序：机关年度工作流程"))
    commands = parser.add_subparsers(required=True, metavar=_("命令"))
    init = _add(commands, "init", _init, _("建立数据库和第一个系统管理员"))
    init.add_argument("--login", default="admin", help=_("登录名，默认 admin"))
    init.add_argument("--name", default=_("系统管理员"), help=_("姓名"))
    _add(commands, "serve", _serve, _("打开网页服务，并按时办理到期的作业"))
    _add(commands, "worker", _worker, _("只办理到期的作业，与其他节点一起（PostgreSQL）"))
    _add(commands, "migrate", _migrate, _("把数据库升级到本版本"))
    publish = _add(commands, "publish", _publish, _("发布流程图和同一文件夹中的表单、决策表"))
    publish.add_argument("files", nargs="+", type=Path, metavar="FILE", help=_(".bpmn 文件"))
    publish.add_argument("--note", default="", help=_("这一版的说明"))
    _add(commands, "demo", _demo, _("打开演示，数据单独存放"))
    _add(commands, "doctor", _doctor, _("检查数据库、设置、磁盘、时钟、日历、全部记录、停滞的事项、附件和网页文件"))
    _add(commands, "verify", _verify, _("校验全部记录"))
    _add_groups(commands)
    return parser


def _add_groups(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    kept = commands.add_parser("archive", help=_("归档包")).add_subparsers(required=True, metavar=_("命令"))
    whole = _add(kept, "verify", _verify_archive, _("核对一个归档包"))
    whole.add_argument("folder", type=Path, metavar="DIR")
    people = commands.add_parser("org", help=_("组织和人员")).add_subparsers(required=True, metavar=_("命令"))
    staff = _add(people, "import", _import_staff, _("从 .xlsx 名单导入单位、岗位和人员"))
    staff.add_argument("file", type=Path, metavar="FILE.xlsx")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, words: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=words, description=words)
    parser.set_defaults(command=command)
    return parser


def _init(settings: Settings, given: argparse.Namespace) -> int:
    with holding.hold(settings):
        migrations.migrate(settings.database_url)
        initial = accounts.prepare(given.login)
        with _opened(settings) as engine, engine.transaction() as unit:
            accounts.first_administrator(unit, initial.login, initial.password, given.name)
    print(_("已建立数据库和第一个系统管理员。"))
    print(_("登录名：%s") % initial.login)
    print(_("密码：%s（只显示这一次，首次登录须修改）") % initial.password)
    print(_("接下来：suixu serve，用浏览器登录，按页面上的四步设好单位、人员、日历和期限。"))
    return 0


@contextmanager
def _opened(settings: Settings) -> Iterator[Engine]:
    engine = app.create_engine(settings, SystemClock())
    try:
        yield engine
    finally:
        engine.close()


def _demand_current(settings: Settings) -> None:
    if not migrations.is_current(settings.database_url):
        raise SuixuError(_("数据库还没有建立，或者是旧版本的。请先运行 suixu init（新装）或 suixu migrate（升级）。"))


def _serve(settings: Settings, given: argparse.Namespace) -> int:
    if lacking := assets.missing():
        return _complain(_("缺少网页的脚本和样式：%s。请先运行 make assets。") % "、".join(lacking))
    with holding.hold(settings):
        _demand_current(settings)
        with _opened(settings) as engine:
            return server.run(app.create_app(settings, engine.clock, engine), engine)


def _worker(settings: Settings, given: argparse.Namespace) -> int:
    _demand_current(settings)
    with _opened(settings) as engine:
        if engine.database.sqlite:
            message = _("SQLite 只能由一个进程写入：作业由 suixu serve 一并办理，不必另开 worker。")
            return _complain(message, status=WRONG_USE)
        return server.work(engine)


def _migrate(settings: Settings, given: argparse.Namespace) -> int:
    with holding.hold(settings):
        migrations.migrate(settings.database_url)
    print(_("数据库已是本版本。"))
    return 0


def _publish(settings: Settings, given: argparse.Namespace) -> int:
    sources = [(path, _read(path)) for path in given.files]
    own = tuple(drawings.process_of(drawings.text_of(source))[0] for _path, source in sources)
    with holding.hold(settings):
        _demand_current(settings)
        with _opened(settings) as engine, engine.transaction() as unit:
            made = [
                definitions.publish(unit, source, definitions.sources_beside(path), SYSTEM, given.note, own)
                for path, source in sources
            ]
    # Only what has been committed is said: one diagram that is refused takes all of them back.
    for definition in made:
        print(_("%s：第 %s 版") % (definition.name, definition.version))
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SuixuError(_("不能读取文件 %s：%s") % (path, error.strerror or error)) from error


def _demo(settings: Settings, given: argparse.Namespace) -> int:
    if lacking := assets.missing():
        return _complain(_("缺少网页的脚本和样式：%s。请先运行 make assets。") % "、".join(lacking))
    return demo.run(settings)


def _doctor(settings: Settings, given: argparse.Namespace) -> int:
    findings = checkup.examine(settings, os.environ)
    for finding in findings:
        print(f"{_('正常') if finding.sound else _('有问题')}  {finding.what}：{finding.words}")
    return 0 if all(finding.sound for finding in findings) else FAULT


def _verify(settings: Settings, given: argparse.Namespace) -> int:
    _demand_current(settings)
    with _opened(settings) as engine:
        audit = records.verify(engine)
    print(_("校验了 %s 条链，共 %s 条记录。") % (audit.streams, audit.events))
    for verdict in audit.erased:
        print(f"- {verdict.stream}：{streams.erased_words(verdict)}")
    for verdict in audit.broken:
        print(f"- {verdict.stream}：{verdict.message}", file=sys.stderr)
    for fault in audit.anchors:
        print(f"- {fault.element}：{fault.message}" if fault.element else f"- {fault.message}", file=sys.stderr)
    print(_("记录完整，没有被改动。") if audit.whole else _("记录不完整，见上。"))
    return 0 if audit.whole else FAULT


def _verify_archive(settings: Settings, given: argparse.Namespace) -> int:
    found = archive.verify(given.folder)
    if found:
        return _complain("\n".join([_("归档包有 %s 处问题：") % len(found), *(f"- {fault}" for fault in found)]))
    print(_("归档包完整，没有被改动。"))
    return 0


def _import_staff(settings: Settings, given: argparse.Namespace) -> int:
    content = _read(given.file)
    with holding.hold(settings):
        _demand_current(settings)
        with _opened(settings) as engine:
            done = app.import_staff(engine, content, SYSTEM)
    counts = (done.summary.units, done.summary.posts, done.summary.persons, done.summary.holdings)
    print(_("新增单位 %s 个、岗位 %s 个、人员 %s 名、任职 %s 项。") % counts)
    for login, password in done.passwords.items():
        print(_("账号 %s 的初始密码：%s（只显示这一次）") % (login, password))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
