"""Every tiny diagram goes the way that its comment says; on both databases where it makes rows of its own."""

import pytest

from tests.engine.office import Office
from tests.engine.walks import Walk, Walker, walks


def named(walk: Walk) -> str:
    return f"{walk.name}-{len(walk.acts)}"


@pytest.mark.parametrize("walk", [walk for walk in walks() if walk.rows], ids=named)
def test_a_diagram_goes_the_way_it_says(office: Office, walk: Walk) -> None:
    assert Walker(office, walk).go() == walk.told


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("walk", [walk for walk in walks() if not walk.rows], ids=named)
def test_a_diagram_of_tokens_alone_goes_the_way_it_says(office: Office, walk: Walk) -> None:
    assert Walker(office, walk).go() == walk.told
