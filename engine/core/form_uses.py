"""Say what a form draws on: the option sources it shows, the variables it lifts."""

from collections.abc import Iterable, Iterator

from engine.core.form_schema import Component, Form, load
from engine.ground.errors import Refused


def _all(components: Iterable[Component]) -> Iterator[Component]:
    for part in components:
        yield part
        yield from _all(part.components)


def sources(form: Form) -> list[str]:
    """Name the option sources of a form, rows included."""
    return sorted({part.source for part in _all(form.components) if part.source})


def lifted_names(source: str) -> frozenset[str]:
    """Name the variables that a form's text lifts; a text that is no form lifts none."""
    try:
        form = load(source)
    except Refused:
        return frozenset()
    return frozenset(part.variable for part in _all(form.components) if part.variable)
