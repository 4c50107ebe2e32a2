"""Look an installation over: database, its tables, the files of the pages, the calendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

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
        yield _calendar(settings)


def _calendar(settings: Settings) -> Finding:
    engine = Engine(settings, SystemClock())
    with engine.reading() as unit:
        year = unit.today.year
        guessed = calendar_of(unit).is_provisional(date(year, 1, 1))
    engine.close()
    words = _("%s 年的放假安排还没有，工作日都是暂定的，请录入日历") if guessed else _("有 %s 年的放假安排")
    return Finding(_("日历"), not guessed, words % year)


def _assets() -> Finding:
    lacking = assets.missing()
    return Finding(
        _("网页文件"), not lacking, _("缺少 %s，请运行 make assets") % "、".join(lacking) if lacking else _("齐全")
    )
