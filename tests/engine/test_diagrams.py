"""Every tiny diagram goes the way that its comment says, on both databases."""

import pytest

from tests.engine.office import Office
from tests.engine.walks import Walk, Walker, walks


@pytest.mark.parametrize("walk", walks(), ids=lambda walk: walk.name)
def test_a_diagram_goes_the_way_it_says(office: Office, walk: Walk) -> None:
    assert Walker(office, walk).go() == walk.told
