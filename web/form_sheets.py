"""Lay a form out for the templates: each control with its name, id, value, hint and error."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any

from engine.core import forms
from engine.core.forms import Component, Form, Options, Values
from engine.ground.errors import Fault
from web.texts import gettext as _

TABLE_COLUMNS = 6
_MARKS = {"heading": "#", "list": "-", "paragraph": " "}


@dataclass(frozen=True)
class Pick:
    """Offer one choice, or show one file."""

    id: str
    value: str
    label: str
    checked: bool = False
    href: str = ""
    disabled: bool = False


@dataclass(frozen=True)
class Row:
    """Hold one item of a list."""

    number: int
    id: str
    name: str
    cells: tuple["Cell", ...]


@dataclass(frozen=True)
class Cell:
    """Hold what one component needs to be shown."""

    part: Component
    name: str
    id: str
    value: str = ""
    shown: str = ""
    picks: tuple[Pick, ...] = ()
    hints: tuple[str, ...] = ()
    error: str = ""
    readonly: bool = False
    cells: tuple["Cell", ...] = ()
    rows: tuple[Row, ...] = ()
    action: str = ""
    focus: str = ""

    @property
    def kind(self) -> str:
        """Name the macro that shows it."""
        return self.part.type

    @property
    def described_by(self) -> str:
        """Name the texts that explain it."""
        said = [f"{self.id}-hint"] if self.hints else []
        return " ".join([*said, f"{self.id}-error"] if self.error else said)

    @property
    def blocks(self) -> list[tuple[bool, list["Cell"]]]:
        """Put neighbours that are only read into one summary list."""
        return _blocks(self.cells)

    @property
    def columns(self) -> tuple["Cell", ...]:
        """Give the columns when the rows fit a table."""
        cells = tuple(_leaves(self.rows[0].cells)) if self.rows else ()
        return cells if len(cells) <= TABLE_COLUMNS else ()

    def leaves(self, row: Row) -> list["Cell"]:
        """Give the cells of a row, groups opened."""
        return list(_leaves(row.cells))


@dataclass(frozen=True)
class Sheet:
    """Hold a whole form for its template."""

    cells: tuple[Cell, ...]
    buttons: tuple[Component, ...]
    more: tuple[Component, ...]
    multipart: bool

    @property
    def blocks(self) -> list[tuple[bool, list[Cell]]]:
        """Put neighbours that are only read into one summary list."""
        return _blocks(self.cells)


def field_id(name: str) -> str:
    """Give the HTML id of a field: `items[2].deadline` is `field-items-2-deadline`."""
    return "field-" + name.replace("[", "-").replace("]", "").replace(".", "-")


def sheet(
    form: Form,
    values: Values,
    options: Options,
    faults: Iterable[Fault] = (),
    readonly: bool = False,
    action: str = "",
    focus: str = "",
) -> Sheet:
    """Lay out a form with its values and what is wrong with them; `action` takes the buttons of rows."""
    layout = _Layout(form, options, faults, readonly)
    layout.action, layout.focus = action, focus
    plain = tuple(button for button in form.buttons if not button.more)
    more = tuple(button for button in form.buttons if button.more)
    multipart = any(part.type == "filepicker" and not part.readonly for part in form.fields())
    return Sheet(layout.cells(form.components, values, ""), plain, more, multipart)


def paragraphs(text: str) -> list[tuple[str, list[str]]]:
    """Split a form's own text into headings, lists and paragraphs."""
    lines = [line.strip() for line in text.splitlines()]
    groups = [(kind, list(found)) for kind, found in groupby(lines, _kind)]
    return [(kind, [line.lstrip(_MARKS[kind]).strip() for line in found]) for kind, found in groups if kind]


def _kind(line: str) -> str:
    if not line:
        return ""
    return "heading" if line.startswith("#") else "list" if line.startswith("- ") else "paragraph"


def _leaves(cells: Iterable[Cell]) -> Iterator[Cell]:
    for cell in cells:
        if cell.kind == "group":
            yield from _leaves(cell.cells)
        elif cell.kind not in ("text", "separator"):
            yield cell


def _blocks(cells: Sequence[Cell]) -> list[tuple[bool, list[Cell]]]:
    def only_read(cell: Cell) -> bool:
        return cell.readonly and cell.kind not in ("group", "dynamiclist", "text", "separator")

    return [(read, list(found)) for read, found in groupby(cells, only_read)]


class _Layout:
    def __init__(self, form: Form, options: Options, faults: Iterable[Fault], readonly: bool) -> None:
        self.action = self.focus = ""
        self.options = options
        self.readonly = readonly
        self.errors = {fault.element: fault.message for fault in reversed(list(faults))}
        self.labels = {button.outcome: button.label for button in form.buttons}

    def cells(self, parts: Iterable[Component], values: Values, prefix: str) -> tuple[Cell, ...]:
        shown = (part for part in parts if part.type != "button" and not self._says_nothing(part, values))
        return tuple(self.cell(part, values, prefix) for part in shown)

    def _says_nothing(self, part: Component, values: Values) -> bool:
        """Tell whether a part only shows what the matter brought along, and it brought nothing."""
        if part.type == "group":
            return bool(part.components) and all(self._says_nothing(inner, values) for inner in part.components)
        only_shown = part.readonly and (part.hide_empty or bool(part.default_expression))
        return only_shown and forms.is_nothing(values.get(part.key))

    def cell(self, part: Component, values: Values, prefix: str) -> Cell:
        name, readonly = prefix + part.key, self.readonly or part.readonly
        given = values.get(part.key)
        if part.type == "group":
            return Cell(part, name, "", readonly=readonly, cells=self.cells(part.components, values, prefix))
        if part.type in ("text", "separator"):
            return Cell(part, name, "")
        return Cell(
            part,
            name,
            field_id(name),
            value="" if given is None or isinstance(given, list | dict) else str(given),
            shown=self.shown(part, given),
            picks=self.picks(part, given, name),
            hints=() if readonly else tuple(self.hints(part)),
            error=self.errors.get(name, ""),
            readonly=readonly,
            rows=self.rows(part, given, name),
            action=self.action,
            focus=self.focus,
        )

    def shown(self, part: Component, given: Any) -> str:
        if part.type in _SHOWN:
            return _SHOWN[part.type](part, given)
        labels = {choice.value: choice.label for choice in forms.choices(part, self.options)}
        chosen = given if isinstance(given, list) else [given]
        return "、".join(str(labels.get(value, value)) for value in chosen if isinstance(value, str) and value)

    def rows(self, part: Component, given: Any, name: str) -> tuple[Row, ...]:
        if part.type != "dynamiclist" or not isinstance(given, list):
            return ()
        found = (row if isinstance(row, dict) else {} for row in given[: forms.MAX_ROWS + 1])
        return tuple(self.row(part, row, f"{name}[{index}]", index) for index, row in enumerate(found))

    def row(self, part: Component, values: Values, name: str, index: int) -> Row:
        return Row(index + 1, field_id(name), name, self.cells(part.components, values, f"{name}."))

    def picks(self, part: Component, given: Any, name: str) -> tuple[Pick, ...]:
        if part.type == "filepicker":
            return self.files(part, given, name)
        chosen = given if isinstance(given, list) else [given]
        offered = forms.choices(part, self.options)
        # What is wrong with the field leads to the first choice that can take the focus.
        first = next((index for index, choice in enumerate(offered) if not choice.disabled), None)
        return tuple(
            Pick(
                field_id(name) + ("" if index == first else f"-{index}"),
                choice.value,
                choice.label,
                choice.value in chosen and not choice.disabled,
                disabled=choice.disabled,
            )
            for index, choice in enumerate(offered)
        )

    def files(self, part: Component, given: Any, name: str) -> tuple[Pick, ...]:
        known = {item.get("value", ""): item for item in self.options.get(forms.FILES, ())}
        kept = [value for value in given if value in known] if isinstance(given, list) else []
        return tuple(
            Pick(
                f"{field_id(name)}-drop-{index}",
                value,
                known[value].get("label", _("文件")),
                href=known[value].get("href", ""),
            )
            for index, value in enumerate(kept)
        )

    def hints(self, part: Component) -> Iterator[str]:
        if part.description:
            yield part.description
        yield from _bounds(part)
        needed = [label for outcome, label in self.labels.items() if outcome in part.required_for]
        if needed and not part.limits.required:
            yield _("选“%s”时必填。") % "”“".join(needed)


def _bounds(part: Component) -> Iterator[str]:
    if part.type == "datetime":
        yield _("例如 2026-01-20 或 2026年1月20日。")
    elif part.type in forms.MAX_TEXT and part.limits.max_length != forms.MAX_TEXT[part.type]:
        yield _("最多 %s 字。") % part.limits.max_length
    elif part.type == "filepicker" and part.accept:
        yield _("可用的文件：%s。") % part.accept


def _shown_text(part: Component, given: Any) -> str:
    return "" if given is None else str(given)


def _shown_number(part: Component, given: Any) -> str:
    if given is None or given == "":
        return ""
    try:
        number = format(Decimal(str(given)), ",.2f") if part.money else str(given)
    except InvalidOperation:
        number = str(given)
    return f"{number} {part.unit}".strip()


def _shown_date(part: Component, given: Any) -> str:
    year, _dash, rest = str(given or "").partition("-")
    month, _dash, day = rest.partition("-")
    return f"{year}年{int(month)}月{int(day)}日" if month.isdecimal() and day.isdecimal() else year + _dash + rest


def _shown_tick(part: Component, given: Any) -> str:
    return _("是") if given is True else _("否")


_SHOWN = {
    "textfield": _shown_text,
    "textarea": _shown_text,
    "number": _shown_number,
    "datetime": _shown_date,
    "checkbox": _shown_tick,
}
