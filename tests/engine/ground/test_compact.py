"""What is kept as JSON takes few characters and stays readable."""

from datetime import date

import pytest

from engine.ground import compact


def test_plain_data_is_written_in_few_characters_and_in_its_order() -> None:
    assert compact.write({"乙": [1, None, True], "甲": "“"}) == '{"乙":[1,null,true],"甲":"“"}'


def test_what_json_does_not_know_is_refused_unless_somebody_turns_it() -> None:
    with pytest.raises(TypeError):
        compact.write(date(2026, 1, 20))
    assert compact.writer(default=str)([date(2026, 1, 20)]) == '["2026-01-20"]'
