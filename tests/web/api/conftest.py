"""What tests of the API ask for: the small office, and programs of its people."""

import pytest
from flask import Flask

from tests.web.api.programs import Programs
from tests.web.conftest import app, browse

__all__ = ["app", "browse", "programs"]


@pytest.fixture
def programs(app: Flask) -> Programs:
    """Let programs come: `programs("wang")` with a token that may read and act, `programs()` with none."""
    return Programs(app)
