"""Which variables can exist in a process, and where."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import nsmallest

from engine.core.diagram import Diagram, Node, Surroundings
from engine.core.expressions import parse_assignments
from engine.core.feel_grammar import KEYWORDS
from engine.core.feel_values import ExpressionError

PREDEFINED = frozenset({"unit", "year", "round"})
COUNTER = "loopCounter"
NUMBERS = frozenset(
    {"numberOfInstances", "numberOfActiveInstances", "numberOfCompletedInstances", "numberOfTerminatedInstances"}
)
"""What the condition that ends several instances early may ask as well: the standard counts them so."""

_NAME = re.compile(r"[^\W\d]\w*")
_MAX_NAME = 100
_SHOWN = 12


@dataclass(frozen=True)
class Names:
    """The variables of a process; where something that gives names is broken, `whole` is False and none is missed.

    `made` are those that a process makes, by where they live: the process itself ("") or an iteration of the node.
    """

    at_start: frozenset[str]
    made: Mapping[str, frozenset[str]]
    whole: bool

    def at(self, node: Node, diagram: Diagram) -> frozenset[str]:
        """Give the names that can be read in a node, with the items of the iterations it is in."""
        counted = frozenset({COUNTER}) if node.repeats else frozenset()
        item = frozenset({node.multi.item}) if node.multi else frozenset()
        return counted | item | self.made.get(node.id, frozenset()) | self.around(node, diagram)

    def around(self, node: Node, diagram: Diagram) -> frozenset[str]:
        """Give the names that can be read before the node's own iterations begin."""
        outer = diagram.nodes.get(node.scope)
        return self.at(outer, diagram) if outer else self.made[""]

    def lack(self, name: str, known: frozenset[str]) -> tuple[str, str]:
        """Say of a name that cannot be read where it is why, and what to do."""
        if any(name in made for home, made in self.made.items() if home):
            return (
                "只在逐项办理的每一项里有，这里读不到。",
                "请用“每一项的结果取自”(suixu:resultItem)收成清单，再读那个清单。",
            )
        # What counts the instances comes last: it is seldom what was meant.
        listed = "、".join(nsmallest(_SHOWN, filter(None, known), key=lambda each: (each in NUMBERS, each)))
        return "不会存在。", f"请检查拼写，或由表单、脚本或调用给出它。可用的有：{listed}等。"


def names_somewhere(diagram: Diagram, around: Surroundings) -> Names:
    """Give every variable that can be read at some place of a process as if it could be read at each."""
    names = names_of(diagram, around)
    items = {node.multi.item for node in diagram.nodes.values() if node.multi}
    known = names.at_start.union(items, NUMBERS, {COUNTER}, *names.made.values())
    return Names(known, {"": known}, names.whole)


def is_name(text: str) -> bool:
    """Tell whether a text can name a variable."""
    return bool(_NAME.fullmatch(text)) and len(text) <= _MAX_NAME and text not in KEYWORDS


def names_of(diagram: Diagram, around: Surroundings) -> Names:
    """Collect the variables that forms, scripts, calls and iterations of a process make."""
    forms = {node.attributes["form"] for node in diagram.nodes.values() if node.attributes.get("form")}
    sound = {form for form in forms if _is_sound(form, around)}
    starts = sound & {node.attributes.get("form", "") for node in diagram.children() if node.kind == "start"}
    scripts = [node.script for node in diagram.nodes.values() if node.kind == "script"]
    whole = sound == forms and all(_parses(script) for script in scripts)
    brought = {target for node in diagram.children() if node.kind == "start" for _, target in node.outputs}
    at_start = PREDEFINED.union(diagram.inputs, brought, *(_lifted(form, around) for form in starts))
    made: dict[str, frozenset[str]] = {"": at_start}
    for node in diagram.nodes.values():
        form = node.attributes.get("form", "")
        given = frozenset(_made(node)) | (_lifted(form, around) if form in sound else frozenset())
        inside, outside = _home(node, diagram), _home(diagram.nodes.get(node.scope), diagram)
        made[inside] = made.get(inside, frozenset()) | given
        if node.multi:
            made[outside] = made.get(outside, frozenset()) | {node.multi.result}
    return Names(at_start, made, whole)


def _home(node: Node | None, diagram: Diagram) -> str:
    """Name the innermost node whose iterations keep what is made in a node, "" for the process."""
    while node is not None and not node.multi:
        node = diagram.nodes.get(node.scope)
    return node.id if node is not None else ""


def _is_sound(form: str, around: Surroundings) -> bool:
    return form in around.forms and not around.check_form(around.forms[form])


def _lifted(form: str, around: Surroundings) -> frozenset[str]:
    return around.uses(around.forms[form]).lifted


def _parses(script: str) -> bool:
    try:
        parse_assignments(script)
    except ExpressionError:
        return False
    return True


def _made(node: Node) -> Iterator[str]:
    yield from (target for _, target in node.outputs)
    if node.kind in ("user", "service"):
        # The button of a form; a function may give one too.
        yield "outcome"
    if node.kind == "rule" and is_name(node.attributes.get("result", "")):
        yield node.attributes["result"]
    if node.kind == "script" and _parses(node.script):
        yield from (line.name for line in parse_assignments(node.script))
