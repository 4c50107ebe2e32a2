"""Give an act the numbers that the office has set; what it has not set has the declared default."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from engine.core import settled
from engine.ground import model
from engine.ground.unit_of_work import Unit


def rows(unit: Unit) -> Mapping[str, Row[Any]]:
    """Give what has been set, by name."""
    return settled.of(unit, "parameters", _read)


def _read(unit: Unit) -> Mapping[str, Row[Any]]:
    return {row.name: row for row in unit.connection.execute(select(model.parameter))}


def value_of(unit: Unit, name: str) -> int:
    """Give the number of a declared parameter.

    Raises:
        ValueError: none of that name is declared.
    """
    declared = unit.engine.parameters.get(name)
    if declared is None:
        raise ValueError(f"没有名为“{name[:40]}”的参数，请管理员核对流程图和参数表")
    row = rows(unit).get(name)
    return declared.default if row is None else int(row.value)


def labels(unit: Unit) -> dict[str, str]:
    """Give what people call each declared parameter."""
    return {name: declared.label for name, declared in unit.engine.parameters.items()}
