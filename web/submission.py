"""Read what a person sent with a task's form: as typed, with files, and what a secretary enters for a leader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from werkzeug.datastructures import FileStorage

from engine.core import forms
from engine.core.form_cleaning import read_date
from engine.core.forms import Form
from engine.ground.errors import Fault
from engine.ground.unit_of_work import Unit
from engine.tasks import Entry
from web import forms as web_forms
from web import session, uploads
from web.desk import Desk, lay
from web.texts import gettext as _

POST, MADE_ON, SCAN = "_entry_post", "_entry_made_on", "_entry_scan"
NO_REVISION = 0


@dataclass
class Sent:
    """Hold one request about a task's form while it is worked on."""

    task_id: str
    desk: Desk
    raw: Mapping[str, list[str]]
    values: dict[str, Any]
    revision: int
    outcome: str | None
    files: Mapping[str, list[FileStorage]]
    scan_id: str = ""
    entry_typed: dict[str, str] = field(default_factory=dict)

    @property
    def form(self) -> Form:
        """Give the task's form."""
        return self.desk.view.form

    @property
    def warnings(self) -> list[Fault]:
        """Warn of what looks as if it should not be here."""
        return forms.warnings(self.form, self.values)

    def take(self, kept: uploads.Kept) -> None:
        """Put the ids of the files that were kept where they belong."""
        self.values = uploads.merge(self.form, self.values, kept)
        if SCAN in kept.ids:
            self.scan_id = self.entry_typed[SCAN] = kept.ids[SCAN][0]

    @property
    def is_entered(self) -> bool:
        """Tell whether this is typed in for somebody who signed on paper (代录)."""
        may = self.desk.view.may
        return "enter" in may and ("complete" not in may or bool(self.entry_typed[POST]))

    def entry(self, unit: Unit) -> tuple[Entry | None, list[Fault]]:
        """Give whose signed paper this is, and what is missing to say so."""
        if not self.is_entered:
            return None, []
        made_on = read_date(self.entry_typed[MADE_ON])
        needed = (
            (self.entry_typed[POST], POST, _("请选择由谁签批。")),
            (made_on, MADE_ON, _("请填写纸面签批日期，例如 2026-01-20。")),
            (self.scan_id, SCAN, _("请上传纸面签批的扫描件。")),
            (made_on is None or made_on <= unit.today, MADE_ON, _("纸面签批日期不能晚于今天。")),
        )
        faults = [Fault("entry", message, element) for given, element, message in needed if not given]
        if faults or made_on is None:
            return None, faults
        return Entry(self.entry_typed[POST], made_on, self.scan_id), []


def read(task_id: str) -> Sent:
    """Read a request about a task that this person may see."""
    with session.engine().reading() as unit:
        desk = lay(unit, task_id)
    view, raw = desk.view, request.form.to_dict(flat=False)
    values = {**view.values, **forms.parse(view.form, raw)}
    typed = {name: request.form.get(name, "").strip() for name in (POST, MADE_ON, SCAN)}
    scan_id = typed[SCAN] if typed[SCAN] in desk.known_files else ""
    names = [*web_forms.uploads(view.form), *([SCAN] if "enter" in view.may else [])]
    outcome = request.form.get("outcome") or None
    return Sent(task_id, desk, raw, values, _revision(), outcome, uploads.sent(names), scan_id, typed)


def _revision() -> int:
    """Read which state of the task the page showed; none is as good as an old one."""
    text = request.form.get("revision", "")
    return int(text) if text.isdecimal() and len(text) <= 9 else NO_REVISION
