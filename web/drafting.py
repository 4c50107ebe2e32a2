"""Draw a process: drafts with forms and decision tables, checking, publishing, new ones from a file or a process."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine import definitions, people
from engine.core import decision_reading, plain_text
from engine.core.decisions import SUFFIX
from engine.core.markup import MAX_BYTES
from engine.ground.errors import Fault, Invalid, NotFound, Refused, Stale
from engine.ground.unit_of_work import Unit
from web import decision_sheets, drawings, guard, security, session, timeline
from web.processes import PROCESS
from web.texts import gettext as _

room = Blueprint("drafting", __name__)

FORMS_LIMIT, NAME_LIMIT = 100, 100


@dataclass(frozen=True)
class Paper:
    """Hold what is being drawn: the diagram's XML, what stands beside it by key, and what it was based on."""

    key: str
    source: str
    beside: Mapping[str, str]
    revision: int
    base: int
    note: str = ""
    new_key: str = ""
    new_text: str = ""
    faults: tuple[Fault, ...] = field(default=())

    @property
    def name(self) -> str:
        """Give the name that the drawing says."""
        return drawings.process_of(self.source)[1] or self.key

    @property
    def tables(self) -> list[str]:
        """Name its decision tables."""
        return [key for key in self.beside if key.endswith(SUFFIX)]


@room.before_request
def _demand_administrator() -> None:
    guard.demand(PROCESS)


@room.get("/processes/<key>/edit")
def edit(key: str) -> str:
    """Show the drawing board with the draft, or with the newest version where there is no draft."""
    with session.engine().reading() as unit:
        paper = _kept(unit, key)
    return _page(paper)


def _kept(unit: Unit, key: str) -> Paper:
    base = _newest(unit, key)
    saved = definitions.draft(unit, key)
    if saved is not None:
        return Paper(key, saved.content["source"], saved.content["forms"], saved.revision, base)
    if not base:
        raise NotFound()
    published = definitions.latest(unit, key)
    return Paper(key, drawings.text_of(published.source), published.sources, 0, base)


def _newest(unit: Unit, key: str) -> int:
    return next((row.version for row in definitions.versions(unit, key)), 0)


def _page(paper: Paper, message: str = "", checked: bool = False, overwrite: int | None = None) -> str:
    security.allow_inline_styles()
    security.allow_data_fonts()
    with session.engine().reading() as unit:
        saved = definitions.draft(unit, paper.key)
        saver = people.person_names(unit, [saved.saved_by]).get(saved.saved_by or "", "") if saved else ""
        around = definitions.surroundings(unit, paper.beside)
    read = {key: decision_reading.read(paper.beside[key].encode(), around.feel) for key in paper.tables}
    found = {key: around.check_form(text) for key, text in paper.beside.items() if key not in read}
    found |= {key: faults for key, (_decision, faults) in read.items()}
    return render_template(
        "processes/edit.html",
        paper=paper,
        saved=saved,
        saver=saver,
        found=found,
        sheets={key: decision_sheets.sheet(decision) for key, (decision, _faults) in read.items() if decision},
        message=message,
        checked=checked,
        overwrite=overwrite,
    )


def read_paper(key: str) -> Paper:
    """Read what came from the page; line ends are made plain, so that nothing counts as changed that was not."""
    texts = request.form
    beside: dict[str, str] = {}
    for number in range(min(_number("form_count"), FORMS_LIMIT)):
        name = texts.get(f"form_key_{number}", "").strip()
        if name and f"form_drop_{number}" not in texts:
            beside[name] = plain_text.unix_lines(texts.get(f"form_text_{number}", ""))
    new_key, new_text = texts.get("new_key", "").strip(), plain_text.unix_lines(texts.get("new_text", ""))
    paper = Paper(key, plain_text.unix_lines(texts.get("source", "")), beside, _number("revision"), _number("base"))
    paper = replace(paper, note=texts.get("note", "").strip())
    return _with_table(_with_new_form(paper, new_key, new_text))


def _with_new_form(paper: Paper, key: str, text: str) -> Paper:
    if not key and not text.strip():
        return paper
    reason = ""
    if not drawings.KEY.fullmatch(key):
        reason = _("新表单的代码须以小写英文字母开头，只含小写字母、数字和下划线。")
    elif key in paper.beside:
        reason = _("已经有代码为“%s”的表单。") % key
    if reason:
        return replace(paper, new_key=key, new_text=text, faults=(Fault("form_key", reason, "new_key"),))
    return replace(paper, beside={**paper.beside, key: text})


def _with_table(paper: Paper) -> Paper:
    """Take the decision table that came as a file; it takes the place of one of the same id."""
    file = request.files.get("table")
    if file is None or not file.filename:
        return paper
    with closing(file):
        content = file.stream.read(MAX_BYTES + 1)
    try:
        key, text = drawings.decision_of(content)
    except Invalid as error:
        return replace(paper, faults=(*paper.faults, *error.faults))
    return replace(paper, beside={**paper.beside, key: plain_text.unix_lines(text)})


def _number(name: str) -> int:
    text = request.form.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@room.post("/processes/<key>/edit")
def save(key: str) -> AnyResponse | str:
    """Keep a draft, faults and all."""
    _demand_name(key)
    paper = read_paper(key)
    if paper.faults:
        return make_response(_page(paper, _("没有保存：新加的表单或决策表有问题。")), 422)
    revision = _number("overwrite") if "overwrite" in request.form else paper.revision
    try:
        with session.engine().transaction() as unit:
            definitions.save_draft(unit, key, paper.name, paper.source, paper.beside, revision, session.actor())
    except Stale as error:
        return _conflict(paper, error.message)
    flash(_("草稿已保存。"))
    return redirect(url_for("drafting.edit", key=key), 303)


def _conflict(paper: Paper, message: str) -> AnyResponse:
    """Show what was typed again, with a way to keep it."""
    with session.engine().reading() as unit:
        saved = definitions.draft(unit, paper.key)
    return make_response(_page(paper, message, overwrite=saved.revision if saved else 0), 409)


@room.post("/processes/<key>/check")
def check(key: str) -> str:
    """List what publishing would refuse; nothing is saved."""
    _demand_name(key)
    paper = read_paper(key)
    with session.engine().reading() as unit:
        faults = (*paper.faults, *_faults(unit, paper))
    return _page(replace(paper, faults=faults), checked=True)


def _faults(unit: Unit, paper: Paper) -> list[Fault]:
    return [*_key_faults(paper), *definitions.check(unit, paper.source.encode(), paper.beside)]


def _key_faults(paper: Paper) -> list[Fault]:
    drawn, name = drawings.process_of(paper.source)
    if not drawn or drawn == paper.key:
        return []
    message = _("图里流程的标识是“%s”，和这个流程的代码“%s”不一样。") % (drawn, paper.key)
    return [
        Fault("process_key", message, drawn, name, 0, _("请在属性栏里把流程的标识改回来；要另建流程，请用“新建流程”。"))
    ]


@room.post("/processes/<key>/publish")
def publish(key: str) -> AnyResponse | str:
    """Make a new version of what is drawn, or show every fault."""
    _demand_name(key)
    paper = read_paper(key)
    try:
        with session.engine().transaction() as unit:
            definitions.hold(unit)
            before = _newest(unit, key)
            _demand_current(unit, paper, before)
            if paper.faults or (found := _key_faults(paper)):
                raise Refused(_("流程图还有问题，没有发布。"), paper.faults or found)
            source = paper.source.encode()
            version = definitions.publish(unit, source, paper.beside, session.actor(), paper.note).version
    except Stale as error:
        return _conflict(paper, error.message)
    except Invalid as error:
        return make_response(_page(replace(paper, faults=tuple(error.faults)), error.message), 422)
    changed = (
        _("已发布第 %s 版。正在办理的事项仍按原来的版本走完。")
        if version != before
        else _("和第 %s 版一样，没有变化，不必发布。")
    )
    flash(changed % version)
    return redirect(url_for("processes.show", key=key), 303)


def _demand_current(unit: Unit, paper: Paper, newest: int) -> None:
    saved = definitions.draft(unit, paper.key)
    if (saved.revision if saved else 0) != paper.revision:
        raise Stale(_("这张流程图刚刚被别人保存过，没有发布。您的内容还在下面，请核对。"))
    if paper.base != newest:
        raise Stale(_("在您编辑期间，这个流程已经发布了第 %s 版，没有发布您的。您的内容还在下面，请核对。") % newest)


@room.post("/processes/<key>/discard")
def discard(key: str) -> AnyResponse:
    """Throw a draft away."""
    with session.engine().transaction() as unit:
        if definitions.draft(unit, key) is None:
            raise NotFound()
        definitions.discard_draft(unit, key)
        published = _newest(unit, key)
    flash(_("草稿已丢弃。"))
    where = url_for("processes.show", key=key) if published else url_for("processes.listing")
    return redirect(where, 303)


# New processes


@room.get("/processes/new")
def new() -> str:
    """Ask for a new process."""
    return _new_page()


def _new_page(faults: tuple[Fault, ...] = ()) -> str:
    with session.engine().reading() as unit:
        every = definitions.overview(unit)
    return render_template("processes/new.html", every=every, faults=faults, given=request.form)


@room.post("/processes/new")
def create() -> AnyResponse | str:
    """Draw a new process: from a file, as a copy, or from nothing."""
    key, name = request.form.get("key", "").strip(), request.form.get("name", "").strip()
    try:
        with session.engine().transaction() as unit:
            _demand_new(unit, key, name)
            source, beside = _beginning(unit)
            name = plain_text.kept(name)
            text = drawings.rename(source, key, name)
            definitions.save_draft(unit, key, name, text, beside, 0, session.actor())
    except Invalid as error:
        return make_response(_new_page(error.faults), 422)
    flash(_("草稿已建好，画好后点“发布”才能使用。"))
    return redirect(url_for("drafting.edit", key=key), 303)


def _may_name(key: str) -> bool:
    """Tell whether a process may have this key: "new" is the address of the page that asks for one."""
    return drawings.KEY.fullmatch(key) is not None and key != "new"


def _demand_name(key: str) -> None:
    if not _may_name(key):
        raise NotFound()


def _demand_new(unit: Unit, key: str, name: str) -> None:
    faults = []
    if not _may_name(key):
        rule = _("代码须以小写英文字母开头，只含小写字母、数字和下划线，不超过 50 个字符。")
        faults.append(Fault("process_key", rule, "key"))
    elif any(item.key == key for item in definitions.overview(unit)):
        faults.append(Fault("process_key", _("已经有代码为“%s”的流程。") % key, "key"))
    faults += plain_text.faults(name, _("流程的名称"), NAME_LIMIT, "name", _("请填写流程的名称。"))
    if faults:
        raise Invalid(_("没有建立流程。"), faults)


def _beginning(unit: Unit) -> tuple[str, Mapping[str, str]]:
    file = request.files.get("file")
    if file is not None and file.filename:
        return drawings.text_of(file.stream.read()), {}
    wanted = request.form.get("copy", "")
    if not wanted:
        return drawings.EMPTY, {}
    if not any(item.key == wanted for item in definitions.overview(unit)):
        raise Invalid(_("没有建立流程。"), [Fault("process_copy", _("请选择一个已有的流程来复制。"), "copy")])
    paper = _kept(unit, wanted)
    return paper.source, paper.beside


room.add_app_template_global(timeline.moment_words)
