"""The lists to be filled in: brought back as they came they are right, and filled in they make an office."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from engine import definitions, people
from engine.ground.migrations import migrate
from engine.ground.unit_of_work import SYSTEM, Engine
from tests.databases import Databases
from tests.workflows.conftest import NEW_YEAR, open_engine
from workflows import blank_lists, organization, publication


@pytest.fixture
def engine(sqlite_databases: Databases, tmp_path: Path) -> Iterator[Engine]:
    """Give a house with nobody in it."""
    opened, _clock = open_engine(sqlite_databases.fresh(migrate), tmp_path, NEW_YEAR)
    yield opened
    opened.close()


def units(engine: Engine) -> bytes:
    with engine.reading() as unit:
        return blank_lists.units(unit)


def persons(engine: Engine) -> bytes:
    with engine.reading() as unit:
        return blank_lists.persons(unit)


def rows(content: bytes) -> list[tuple[Any, ...]]:
    return list(load_workbook(BytesIO(content)).worksheets[0].iter_rows(values_only=True))


def test_the_posts_that_come_filled_in_are_all_that_the_processes_need(engine: Engine) -> None:
    done = organization.load(engine, units(engine), SYSTEM)
    assert (done.summary.units, done.summary.posts, done.summary.persons) == (4, 8, 0)
    with engine.reading() as unit:
        for source, forms in publication.drawings():
            assert definitions.check(unit, source, forms, publication.KEYS) == []


def test_without_an_office_the_list_of_people_is_blank(engine: Engine) -> None:
    assert rows(persons(engine)) == [tuple(organization.HEADERS)]


def test_the_list_of_people_has_a_row_for_every_post(engine: Engine) -> None:
    # Given an office without people
    organization.load(engine, units(engine), SYSTEM)
    blank = persons(engine)
    assert rows(blank)[1] == ("hr", "人事部", "内设部室", "staff", "承办人", "承办人", None, None, None, None)
    assert not organization.load(engine, blank, SYSTEM).summary.changed
    # When one row is filled in, with a number that begins with zeros
    book = load_workbook(BytesIO(blank))
    sheet = book.worksheets[0]
    assert sheet.column_dimensions["H"].number_format == "@"
    for column, value in zip("GHIJ", ("王承办", "0001", "wang", "2026-01-01"), strict=True):
        sheet[f"{column}2"] = value
    kept = BytesIO()
    book.save(kept)
    done = organization.load(engine, kept.getvalue(), SYSTEM)
    # Then that person is there
    assert (done.summary.persons, done.summary.holdings, list(done.passwords)) == (1, 1, ["wang"])
    with engine.reading() as unit:
        assert [(person.name, person.number) for person in people.holders(unit, "hr.staff")] == [("王承办", "0001")]


def test_the_kinds_can_be_chosen_and_how_to_fill_in_is_told(engine: Engine) -> None:
    book = load_workbook(BytesIO(units(engine)))
    assert book.sheetnames == ["名单", "填写说明"]
    choices = book.worksheets[0].data_validations.dataValidation
    assert [str(choice.sqref) for choice in choices] == ["C2:C501", "F2:F501"]
    assert choices[0].formula1 == '"内设部室,直属单位,议事协调机构"'
    assert len(choices[1].formula1) < 255, "spreadsheets take no longer list"


def test_a_name_that_looks_like_a_formula_is_a_text(engine: Engine) -> None:
    with engine.transaction() as unit:
        people.add_unit(unit, "odd", "=1+1", "department", SYSTEM, starts=NEW_YEAR.date())
        people.add_post(unit, "odd", "staff", "=HYPERLINK(1)", "staff", SYSTEM)
    sheet = load_workbook(BytesIO(persons(engine))).worksheets[0]
    found = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row if str(cell.value)[:1] == "="}
    assert found == {"=1+1": "s", "=HYPERLINK(1)": "s"}
