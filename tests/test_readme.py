"""What the papers of the house say is so: settings, commands, the map, links, the accepted BPMN.

`python -m tests.test_readme` writes docs/profile.md anew.
"""

import argparse
import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from engine import tasks
from engine.core import completion, effects, elements, event_rules, execution, filling, foreign, profile, spiff
from engine.core.spiff import Machine
from engine.ground.errors import Fault
from engine.ground.settings import Settings
from engine.ground.unit_of_work import Engine
from tests.engine.core.test_profile import AROUND, BAD, GOOD, expected
from tests.engine.walks import walks
from web import cli
from web import tasks as pages

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
READMES = (ENGLISH, CHINESE)
PAPERS = (
    *READMES,
    ROOT / "CHANGELOG.md",
    ROOT / "docs" / "engine.md",
    ROOT / "docs" / "profile.md",
    ROOT / "web" / "templates" / "processes" / "feel.md",
    ROOT / "docs" / "embedding.md",
)
PROFILE = ROOT / "docs" / "profile.md"


def table(paper: Path, heading: str) -> list[list[str]]:
    """Read the first table below a heading, without its head; a cell loses its code marks."""
    section = paper.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().replace("`", "") for cell in row] for row in rows[2:]]


def commands(parser: argparse.ArgumentParser, said: str = "suixu") -> Iterator[tuple[str, str]]:
    """Give every command with what may follow it, and what it says of itself."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for group in groups:
        for name, inner in group.choices.items():
            yield from commands(inner, f"{said} {name}")
    if not groups:
        own = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
        places = [_name(action) + "…" * (action.nargs == "+") for action in own if not action.option_strings]
        options = [f"[{action.option_strings[0]} {_name(action)}]" for action in own if action.option_strings]
        yield " ".join([said, *places, *options]), parser.description or ""


def _name(action: argparse.Action) -> str:
    return str(action.metavar or action.dest.upper())


# Settings and commands


def test_the_chinese_readme_shows_the_settings_word_by_word() -> None:
    assert table(CHINESE, "设置") == [list(setting) for setting in Settings.table()]


def test_the_english_readme_shows_every_setting_with_its_default() -> None:
    rows, settings = table(ENGLISH, "Settings"), Settings.table()
    assert [row[0] for row in rows] == [setting.name for setting in settings]
    for row, setting in zip(rows, settings, strict=True):
        assert not setting.default.isascii() or row[1] == setting.default
        assert set(re.findall(r"\d+", setting.meaning)) <= set(re.findall(r"\d+", row[2])) | {"0", "1", "65535"}


def test_the_readmes_show_every_command_with_what_may_follow_it() -> None:
    known = list(commands(cli._parser()))
    assert table(CHINESE, "命令") == [list(command) for command in known]
    assert [row[0] for row in table(ENGLISH, "Commands")] == [said for said, _words in known]


def test_both_readmes_have_the_same_parts() -> None:
    def shape(paper: Path) -> list[object]:
        text = paper.read_text(encoding="utf-8")
        parts = text.split("\n## ")
        fences = re.findall(r"^```\n(make.*?|python3.*?|export.*?)^```$", text, re.DOTALL | re.MULTILINE)
        counts = [(part.count("\n|"), part.count("\n- "), len(re.findall(r"\n\d\. ", part))) for part in parts]
        return [counts, fences, re.findall(r"\]\((docs/[^)]*)\)", text)]

    assert shape(ENGLISH) == shape(CHINESE)


# The map, links, names


@pytest.mark.parametrize(("readme", "heading"), [(ENGLISH, "Map"), (CHINESE, "各个文件夹")])
def test_the_map_is_true_to_the_tree(readme: Path, heading: str) -> None:
    folders = [row[0] for row in table(readme, heading)]
    assert folders == [
        "bpmn/",
        "workflows/",
        "engine/",
        "engine/core/",
        "engine/ground/",
        "web/",
        "tests/",
        "benchmarks/",
        "docs/",
    ]
    for folder, words in table(readme, heading):
        assert (ROOT / folder).is_dir()
        modules = re.findall(r"(?<![\w/.])([a-z_]+)(?=[,、 …等和)])", words) if folder.startswith("engine") else []
        named = [name for name in modules if "_" in name or (folder == "engine/" and len(name) > 9)]
        for name in named:
            assert (ROOT / folder / f"{name}.py").is_file(), name


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_link_leads_somewhere(paper: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", paper.read_text(encoding="utf-8"))
    lost = [link for link in links if "://" not in link and not (paper.parent / link).exists()]
    assert lost == []


@pytest.mark.parametrize("readme", READMES, ids=lambda paper: paper.name)
def test_what_the_readmes_tell_to_run_is_there(readme: Path) -> None:
    text = readme.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    promised = {"bench", "chaos"}
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)) - promised <= set(targets)
    assert all((ROOT / path).is_file() for path in re.findall(r"\bbpmn/[a-z_]+\.bpmn", text))


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_no_paper_keeps_both_sides_of_a_merge(paper: Path) -> None:
    assert re.findall(r"^(?:<{7}|>{7})", paper.read_text(encoding="utf-8"), re.MULTILINE) == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_no_paper_names_a_registry(paper: Path) -> None:
    assert re.findall(r"://[^/\s)]*(?:registry|pypi|npmjs|mirror)", paper.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["inbox", "task", "instance", "modeler", "phone"])
def test_the_pictures_are_small(name: str) -> None:
    picture = (ROOT / "docs" / "images" / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 150_000


@pytest.mark.parametrize("readme", READMES, ids=lambda paper: paper.name)
def test_the_flow_of_a_completion_names_what_exists(readme: Path) -> None:
    flow = readme.read_text(encoding="utf-8").split("```mermaid")[1].split("```")[0]
    rooms: dict[str, object] = {
        "web/tasks": pages,
        "engine/tasks": tasks,
        "engine": Engine,
        "machine": Machine,
        "core/spiff": spiff,
    }
    rooms |= {"execution": execution, "effects": effects, "filling": filling, "completion": completion}
    named = re.findall(r"([\w/]+)\.(\w+)", flow)
    assert len(named) > 10
    assert [f"{room}.{name}" for room, name in named if not hasattr(rooms[room], name)] == []


# The accepted BPMN


def test_the_profile_is_told_as_it_is() -> None:
    told = PROFILE.read_text(encoding="utf-8")
    assert told == write_profile(), "run: python -m tests.test_readme"


def test_every_fault_of_the_code_is_in_the_profile() -> None:
    told = set(re.findall(r"^\| `([A-Z]+-[A-Z-]+)` \|", PROFILE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {f"BPMN-{code}" for code in _codes_in_source()} <= told
    given = {item.split("@")[0] for file in BAD for item in expected(file)}
    assert {code for code in given if code.startswith(("BPMN-", "DMN-"))} <= told
    assert {code for code, _ in _codes_of_tables()} <= told


def write_profile() -> str:
    """Write docs/profile.md from the code and from the diagrams that prove it."""
    return "\n".join(
        [
            *(_HEAD, *_element_rows(), _EVENTS, *_event_rows(), _REFUSED, *_refused_rows()),
            *(_WALKS.replace("MARKS", _marks()), *_walk_rows()),
            *(_TIMES, _FAULTS, *_fault_rows(), _TABLES, *_table_rows(), _FORMS, *_form_rows(), ""),
        ]
    )


_HEAD = """# Which BPMN is accepted

Written by `python -m tests.test_readme` from `engine/core/` and `tests/diagrams/`; a test holds it to them.
A diagram runs exactly as BPMN 2.0 says, or is refused with all its faults.

## Elements

Beside `id`, `name`, documentation and extension elements. `suixu:` is `urn:suixu:bpmn:1`.
Text annotations, associations, groups, data objects and data stores may be drawn and change nothing.

| element | 中文 | attributes | `suixu:` | inside | diagrams (`tests/diagrams/runs_….bpmn`) |
|---|---|---|---|---|---|"""

_EVENTS = """
Some attributes are accepted with one value only, which says what happens anyway: `isExecutable="true"`,
`startQuantity="1"`, `behavior="All"` and the like.

## Which event may stand where

| place | 事件 |
|---|---|"""

_REFUSED = """
An error or cancelling boundary event always interrupts. One of error, escalation or cancel is refused where nothing
inside can throw it, and so is a second one that would catch the same. An event sub-process has no flows, no border and
is not repeated; two that catch the same error or escalation are refused.

## Refused, and what to draw instead

| element | 中文 | instead |
|---|---|---|"""

_TIMES = """
## Times

A timer says one of three; so says BPMN 2.0.2, 10.5.5. A text that no clock understands is refused; what FEEL
gives and cannot be used is an incident that says why.

| element | text | or FEEL that gives |
|---|---|---|
| `timeDate` | `2026-03-01` (its 08:30), `2026-03-01T09:00:00+08:00` | a date, a moment, such a text |
| `timeDuration` | `PT36H`, `P1Y2M3D`, `P2W`; `3`: working days, 0 to 1000 | a duration, working days, such a text |
| `timeCycle` | `R3/PT10H`, `R/P1M`, `R5/2026-03-01T09:00+08:00/P1W`; `yearly(first_workday(1))` | such a text |

- Where no offset is written it is Shanghai. Years and months are those of the calendar: a day that a month does not
  have becomes its last. Each turn of a cycle is counted from the first: 31 January, 28 February, 31 March.
- `R3/` is three turns, `R/` goes on for ever. Without a start the first comes an interval after the timer is set; with
  one, at the start, and turns that have gone by when the timer is set are counted and do not come.
- Only what does not interrupt repeats: on a border until its activity ends, in an event sub-process until its scope
  ends. An intermediate event and one that interrupts fire once, at the first turn; where all have gone by that is an
  incident.
- A process starts at a date, after a duration or in a cycle that is written out. What names no day counts from the
  publishing of the newest version; a date that had gone by then starts nothing.
- What fell due while the machine stood still comes late: each turn once, in order.
- Not taken: cron, `R3/P1W/2026-03-01` (an end), intervals under a second, or under a minute where the turns have no
  number."""

_WALKS = """
Every event definition is accepted only where the first table has it. Every attribute or extension in a namespace that
is not known is refused, with what to fill in instead: passed over, something else would run than what the file says.
Marks of drawing tools are passed over, for they only show: MARKS.

## What runs, and how

What a token did in each tiny diagram, on both databases, by its own comment: `do a=return` completes task a,
`wait 5d` lets time pass; then what completed, in order (`×`: was cancelled, `!`: waits as an incident), how the
instance stands, and some of its variables.

| diagram (`tests/diagrams/….bpmn`) | acts | goes |
|---|---|---|"""

_FAULTS = """
## Fault codes

A fault names its element, line, what is wrong and what to do. The words are those of one diagram; others of the same
code differ.

| code | for example | what to do | diagrams (`tests/diagrams/refused_….bpmn`) |
|---|---|---|---|"""

_TABLES = """
## Decision tables

A business rule task asks the table that it names (`suixu:decision`, the id of the decision in its file) and puts what
it says into a variable (`suixu:result`), in the act that reaches it. The file (`.dmn`, DMN 1.3) is published with the
diagram and pinned to the version, as forms are. One decision with one table a file; cells are
[FEEL](../web/templates/processes/feel.md), of the variables that are seen at the task.

| hit policy | gives |
|---|---|
| `UNIQUE` (or none written) | the result of the one rule that matches; two that match are an incident |
| `ANY` | the result on which all rules that match agree; others are an incident |
| `FIRST` | the result of the first rule that matches |
| `RULE ORDER`, `COLLECT` | the list of the results of all rules that match, in their order |
| `COLLECT` with `SUM`, `MIN`, `MAX`, `COUNT` | the sum, the smallest, the largest, the number of those results |

A result is a value, with several outputs a context of them (`verdict.level`). Where no rule matches it is the default
output, else null; of a list `[]`, and the number 0. An input or result of another type, or outside what is allowed, is
an incident and can be tried again. The history keeps the inputs, the numbers of the rules, their notes and the result.

Refused: `PRIORITY` (order the rules, use `FIRST`), `OUTPUT ORDER` (order them, use `RULE ORDER`), literal expressions
and all else that is no table, tables that require another decision, business knowledge, imports, DMN before 1.3, other
expression languages; more than 1,000 rules, 50 columns or 5,000 cells; and what is refused of any file: a DOCTYPE,
2 MB, broken XML. A fault names the task, and in its words the line of the table's file.

| code | for example | what to do |
|---|---|---|"""

_FORMS = """
## Rules of forms

A form's `properties` may hold `rules`:
`{"when": "submit", "check": "until >= from", "field": "items.until", "message": "…"}`.

| key | means |
|---|---|
| `check` | FEEL that must be true: of the fields by key, `outcome` (the button pressed), and variables |
| `field` | where the fault stands. `list.key` holds every row to it, with the row's fields in front of the form's |
| `message` | what is said, in Chinese |
| `when` | the outcomes it is for, a text with commas or a list; without it, all |

Rules are asked when a form is handed in, not when it is saved, over the cleaned values. A rule that names an empty
field and comes to null is let pass; say `field != null` where it must be filled in. Any other null is as wrong as
false. A rule that names a field with a fault of its own waits until that one is put right.

## Fault codes of forms

A form is held to `engine/core/form_check.py`. What a code says first; “…” stands for what differs.

| code | for example |
|---|---|"""

_PLAIN = frozenset({"definitions", "collaboration", "participant", "laneSet", "childLaneSet", "extensionElements"}) | {
    *("incoming", "outgoing", "flowNodeRef", "sourceRef", "targetRef", "source", "target", "script"),
    *("dataInputAssociation", "dataOutputAssociation"),
}


def _code(names: Iterator[str] | frozenset[str]) -> str:
    return " ".join(f"`{name}`" for name in sorted(names)) or "–"


def _element_rows() -> Iterator[str]:
    for tag, shape in elements.SHAPES.items():
        if tag in _PLAIN:
            continue
        carried = shape.attributes - {"id", "name"}
        inside = shape.children - elements.IGNORED - {"extensionElements", "incoming", "outgoing"}
        inner = "flow elements" if "sequenceFlow" in inside else _code(inside - _PLAIN | inside & {"script"})
        own = _code(shape.own | {f"{name} (element)" for name in shape.extensions})
        label = elements.LABELS.get(tag, "")
        yield f"| `{tag}` | {label} | {_code(carried)} | {own} | {inner} | {_listed(_shown_in(tag))} |"


def _event_rows() -> Iterator[str]:
    for where, kinds in event_rules.ALLOWED.items():
        yield f"| {where} | {'、'.join([*(['不带标记'] if None in kinds else []), *_event_words(kinds)])} |"


def _event_words(kinds: Iterable[str | None]) -> Iterator[str]:
    return (word for kind, word in event_rules.WORDS.items() if kind in kinds)


def _shown_in(tag: str) -> list[str]:
    """Name the diagrams that run and hold an element."""
    mark = re.compile(rf"<(?:\w+:)?{tag}[\s/>]")
    return [file.stem.removeprefix("runs_") for file in GOOD if mark.search(file.read_text(encoding="utf-8"))]


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _walk_rows() -> Iterator[str]:
    for walk in walks():
        acts = ", ".join(" ".join(act) for act in walk.acts)
        yield f"| {walk.name} | {_cell(acts)} | {_cell(walk.told)} |"


def _marks() -> str:
    return ", ".join(f"{name} (`{uri}`)" for uri, name in foreign.MARKS.items())


def _refused_rows() -> Iterator[str]:
    for tag, words in elements.LABELS.items():
        if tag not in elements.SHAPES:
            yield f"| `{tag}` | {words} | {elements.remedy(tag)} |"


def _fault_rows() -> Iterator[str]:
    shown: dict[str, Fault] = {}
    proofs: dict[str, set[str]] = defaultdict(set)
    for file in BAD:
        for fault in profile.faults(file.read_bytes(), AROUND):
            if fault.code.startswith("BPMN-"):
                shown.setdefault(fault.code, fault)
                proofs[fault.code].add(file.stem.removeprefix("refused_"))
    source = {f"BPMN-{code}": call for code, call in _codes_in_source().items()}
    for code in sorted({*shown, *source}):
        message, remedy = (shown[code].message, shown[code].remedy) if code in shown else source[code]
        listed = _listed(sorted(proofs[code])) or "tests/engine/core/test_profile.py"
        yield f"| `{code}` | {_cell(message)} | {_cell(remedy)} | {listed} |"


def _table_rows() -> Iterator[str]:
    found: dict[str, tuple[str, str]] = {}
    for file in BAD:
        for fault in profile.faults(file.read_bytes(), AROUND):
            if fault.code.startswith("DMN-"):
                found.setdefault(fault.code, (fault.message, fault.remedy))
    for code, words in _codes_of_tables():
        found.setdefault(code, words)
    for code in sorted(found):
        yield f"| `{code}` | {_cell(found[code][0])} | {_cell(found[code][1])} |"


def _codes_of_tables() -> Iterator[tuple[str, tuple[str, str]]]:
    """Find each code that reading a table can give, with its words, which may have been put together before."""
    tree = ast.parse((ROOT / "engine" / "core" / "decision_reading.py").read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        made = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
        said = {ast.unparse(target): node.value for node in made for target in node.targets}
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in ("_fault", "self.refuse"):
                code, _, *words = call.args
                if isinstance(code, ast.Constant):
                    message, remedy = (_words(said.get(ast.unparse(word), word)) for word in words)
                    yield "DMN-" + str(code.value), (message, remedy)


def _form_rows() -> Iterator[str]:
    tree = ast.parse((ROOT / "engine" / "core" / "form_check.py").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "fault":
            code, message = call.args[:2]
            if isinstance(code, ast.Constant):
                found.setdefault(f"form_{_words(code)}", _words(message))
    for code_name in sorted(found):
        yield f"| `{code_name}` | {_cell(found[code_name])} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split()) or "–"


def _codes_in_source() -> dict[str, tuple[str, str]]:
    """Find each code that publishing can give, with the words of its first use."""
    found: dict[str, tuple[str, str]] = {}
    for name in ("markup", "admission", "structure", "event_rules", "checks", "soundness", "profile"):
        tree = ast.parse((ROOT / "engine" / "core" / f"{name}.py").read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or not call.args:
                continue
            code = call.args[0]
            if call.func.id in ("fault", "Fault") and isinstance(code, ast.Constant):
                words = [_words(value) for value in (*call.args[1:], *(item.value for item in call.keywords))]
                message, remedy = [text for text in words if text][:2] if sum(map(bool, words)) > 1 else ("", "")
                found.setdefault(str(code.value).removeprefix("BPMN-"), (message, remedy))
    return found


def _words(value: ast.expr) -> str:
    if isinstance(value, ast.IfExp):
        return _words(value.body)
    if isinstance(value, ast.Constant):
        return str(value.value)
    if isinstance(value, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in value.values)
    return ""


if __name__ == "__main__":
    PROFILE.write_text(write_profile(), encoding="utf-8")
