"""What a program fills in is read in the shapes that a form's pages work with."""

import json

import pytest

from engine.core import forms
from engine.ground.errors import Invalid
from web.api import sheets

KINDS = ("textfield", "number", "checkbox", "checklist")
FORM = forms.load(
    json.dumps(
        {
            "type": "default",
            "id": "form",
            "components": [
                {"type": kind, "key": kind, "label": kind, "values": [{"value": "a", "label": "甲"}]} for kind in KINDS
            ],
        }
    )
)


def test_each_kind_of_field_takes_its_own_kind_of_value_and_nothing_empties_it() -> None:
    given = {"textfield": "字", "number": 1.5, "checkbox": True, "checklist": ["a"]}
    assert sheets.read(FORM, given) == {**given, "number": "1.5"}
    assert sheets.read(FORM, dict.fromkeys(KINDS)) == {
        "textfield": "",
        "number": "",
        "checkbox": False,
        "checklist": [],
    }


@pytest.mark.parametrize("given", [{"textfield": True}, {"checkbox": "yes"}, {"checklist": [1]}, {"number": []}])
def test_another_kind_of_value_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refused:
        sheets.read(FORM, given)
    assert [fault.code for fault in refused.value.faults] == ["form_type"]
