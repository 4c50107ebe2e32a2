"""Look an installation over: what it stands on, its record, what stands still in it, its files and its calendar."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta

from engine import condition, documents, records, stalls
from engine.core import organization
from engine.core.workdays import calendar_of
from engine.ground import migrations
from engine.ground.clock import SystemClock
from engine.ground.database import AWAY
from engine.ground.errors import SuixuError, reason
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from engine.stalls import Stall
from web import assets
from web.texts import gettext as _

SOUND_WAL = (3, 51, 3)
"""The first SQLite without the bug that damages a WAL database."""
SKEW = timedelta(minutes=2)
ROOM_MB = 1024
"""Free space below which an office should make room."""
SHOWN = 20
"""Lines of one kind; the rest are counted."""


@dataclass(frozen=True)
class Finding:
    """Say of one thing whether it is in order."""

    what: str
    sound: bool
    words: str


def examine(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """Look at everything, and stop at nothing."""
    return [_settings(environ), _room(settings), *_database(settings), _assets()]


def _settings(environ: Mapping[str, str]) -> Finding:
    given = [setting.name for setting in Settings.table() if environ.get(setting.name, "").strip()]
    words = _("由环境变量给出：%s；其余用默认值") % "、".join(given) if given else _("都用默认值")
    return Finding(_("设置"), True, words)


def _room(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data).free >> 20
    words = _("%s，剩余 %s MB") % (settings.data, free)
    if free < ROOM_MB:
        words += _("，快满了，请清理磁盘；写满以后什么都不能办理")
    return Finding(_("数据文件夹"), free >= ROOM_MB, words)


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        current = migrations.is_current(settings.database_url)
    except SuixuError as error:
        away = _("数据库暂时不能使用，请检查它是否在运行、SUIXU_DATABASE_URL 是否正确")
        words = away if error.message == AWAY else error.message
        yield Finding(_("数据库"), False, _("%s（原因：%s）") % (words, reason(error)))
        return
    with closing(Engine(settings, SystemClock())) as engine:
        yield _version(engine)
        remedy = _("还没有建立，或者是旧版本的，请运行 suixu migrate")
        yield Finding(_("数据表"), current, _("是本版本的") if current else remedy)
        for what, look in LOOKS.items() if current else ():
            try:
                yield from look(engine)
            except Exception as error:
                # Whatever is broken here, the rest is looked at too.
                words = error.message if isinstance(error, SuixuError) else _("查不下去，请保全数据库和备份")
                yield Finding(what, False, _("%s（原因：%s）") % (words, reason(error)))


def _version(engine: Engine) -> Finding:
    database = engine.database
    with engine.reading():
        # Only who has connected knows it.
        version = database.version
    words = f"{'SQLite' if database.sqlite else 'PostgreSQL'} {'.'.join(map(str, version))}"
    if database.sqlite and version < SOUND_WAL:
        words += _("；3.51.3 以前的 WAL 有一处罕见的缺陷，本系统只让写入者整理日志来避开它，请定期备份")
    return Finding(_("数据库"), True, words)


def _clock(engine: Engine) -> Iterator[Finding]:
    with engine.reading() as unit:
        now, (there, newest) = unit.now, condition.times(unit)
    if newest is not None and newest > now + SKEW:
        words = _("本机时钟比最新的一条记录还早 %s 分钟，期限会算错，请校准时钟") % _minutes(newest - now)
        yield Finding(_("时钟"), False, words)
    elif abs(there - now) > SKEW:
        words = _("本机时钟与数据库的相差 %s 分钟，请校准") % _minutes(abs(there - now))
        yield Finding(_("时钟"), False, words)
    else:
        yield Finding(_("时钟"), True, _("与数据库和记录相符"))


def _minutes(span: timedelta) -> int:
    return round(span / timedelta(minutes=1))


def _calendar(engine: Engine) -> Iterator[Finding]:
    with engine.reading() as unit:
        year = unit.today.year
        guessed = calendar_of(unit).is_provisional(date(year, 1, 1))
    words = _("%s 年的放假安排还没有，工作日都是暂定的，请录入日历") if guessed else _("有 %s 年的放假安排")
    yield Finding(_("日历"), not guessed, words % year)


def _record(engine: Engine) -> Iterator[Finding]:
    audit = records.verify(engine)
    if audit.whole:
        yield Finding(_("记录"), True, _("%s 条链，共 %s 条记录，没有被改动") % (audit.streams, audit.events))
        return
    words = _("%s 条链、%s 处锚定对不上，请运行 suixu verify 查看，并保全数据库和备份")
    yield Finding(_("记录"), False, words % (len(audit.broken), len(audit.anchors)))


def _stalls(engine: Engine) -> Iterator[Finding]:
    with engine.reading() as unit:
        found = stalls.find(unit)
        titles = organization.post_titles(unit, [post for stall in found for post in stall.posts])
    if not found:
        yield Finding(_("停滞的事项"), True, _("没有"))
    for stall in found[:SHOWN]:
        yield Finding(_("停滞的事项"), False, _stall_words(stall, titles))
    if len(found) > SHOWN:
        yield Finding(_("停滞的事项"), False, _("另有 %s 项") % (len(found) - SHOWN))


def _stall_words(stall: Stall, titles: Mapping[str, str]) -> str:
    where = _("%s：“%s”") % (stall.title, stall.step) if stall.step else _("%s：") % stall.title
    if stall.people:
        people = "、".join(stall.people)
        return where + _("只有%s能办，而他们都没有可以登录的账号，请启用账号，或者改由别人任职") % people
    if stall.posts:
        posts = "、".join(titles.get(post, post) for post in stall.posts)
        return where + _("没有人能办，请给岗位安排人员：%s") % posts
    if stall.message:
        remedy = _("等的“%s”没有流程会发，也没有账号是对接员，请发布会发的流程，或者让对接员的程序送来")
        return where + remedy % stall.message
    return where + _("没有什么能让它再往下走，请由发起人撤销，重新发起")


def _files(engine: Engine) -> Iterator[Finding]:
    shelf = documents.inspect(engine)
    missing, changed, spare = len(shelf.missing), len(shelf.changed), len(shelf.spare)
    words = _("%s 个，内容与登记一致") % (shelf.named - missing - changed)
    if missing or changed:
        words += _("；缺少 %s 个，内容被改动 %s 个，请从备份中恢复") % (missing, changed)
    if spare:
        megabytes = f"{shelf.spare_bytes / (1 << 20):.1f}"
        words += _("；另有 %s 个（%s MB）没有登记，是没有办成的上传，停止服务以后可以删除") % (spare, megabytes)
    yield Finding(_("附件"), not (missing or changed), words)
    for sound, told, names in (
        (False, _("缺少：%s"), shelf.missing),
        (False, _("被改动：%s"), shelf.changed),
        (True, _("没有登记：%s"), shelf.spare),
    ):
        yield from (Finding(_("附件"), sound, told % name) for name in names[:SHOWN])


LOOKS: Mapping[str, Callable[[Engine], Iterator[Finding]]] = {
    _("时钟"): _clock,
    _("日历"): _calendar,
    _("记录"): _record,
    _("停滞的事项"): _stalls,
    _("附件"): _files,
}


def _assets() -> Finding:
    lacking = assets.missing()
    return Finding(
        _("网页文件"), not lacking, _("缺少 %s，请运行 make assets") % "、".join(lacking) if lacking else _("齐全")
    )
