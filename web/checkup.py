"""Look an installation over: database, its tables, the kept files, the files of the pages, the calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from engine import documents
from engine.core.workdays import calendar_of
from engine.ground import migrations
from engine.ground.clock import SystemClock
from engine.ground.errors import SuixuError
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from web import assets
from web.texts import gettext as _


@dataclass(frozen=True)
class Finding:
    """Say of one thing whether it is in order."""

    what: str
    sound: bool
    words: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, and stop at nothing."""
    return [*_database(settings), _assets()]


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        current = migrations.is_current(settings.database_url)
    except SuixuError as error:
        yield Finding(_("数据库"), False, error.message)
        return
    yield Finding(_("数据库"), True, _("可以连接"))
    remedy = _("还没有建立，或者是旧版本的，请运行 suixu migrate")
    yield Finding(_("数据表"), current, _("是本版本的") if current else remedy)
    if current:
        engine = Engine(settings, SystemClock())
        yield _calendar(engine)
        yield _files(engine)
        engine.close()


def _files(engine: Engine) -> Finding:
    shelf = documents.inspect(engine)
    words = _("%s 个，内容与登记一致") % (shelf.named - shelf.missing - shelf.changed)
    if shelf.missing or shelf.changed:
        words += _("；缺少 %s 个，内容被改动 %s 个，请从备份中恢复") % (shelf.missing, shelf.changed)
    if shelf.spare:
        megabytes = f"{shelf.spare_bytes / (1 << 20):.1f}"
        words += _("；另有 %s 个（%s MB）没有登记，是没有办成的上传，可以删除") % (shelf.spare, megabytes)
    return Finding(_("附件"), not (shelf.missing or shelf.changed), words)


def _calendar(engine: Engine) -> Finding:
    with engine.reading() as unit:
        year = unit.today.year
        guessed = calendar_of(unit).is_provisional(date(year, 1, 1))
    words = _("%s 年的放假安排还没有，工作日都是暂定的，请录入日历") if guessed else _("有 %s 年的放假安排")
    return Finding(_("日历"), not guessed, words % year)


def _assets() -> Finding:
    lacking = assets.missing()
    return Finding(
        _("网页文件"), not lacking, _("缺少 %s，请运行 make assets") % "、".join(lacking) if lacking else _("齐全")
    )
