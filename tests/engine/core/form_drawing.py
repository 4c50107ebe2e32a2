"""Draw forms for tests."""

import json
from typing import Any

from hypothesis import strategies as st

SEND: dict[str, Any] = {"type": "button", "label": "报送", "properties": {"outcome": "send", "style": "primary"}}
BACK: dict[str, Any] = {"type": "button", "label": "退回", "properties": {"outcome": "return"}}
YES_NO = [{"value": "yes", "label": "是"}, {"value": "no", "label": "否"}]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def draw(*components: dict[str, Any], **top: Any) -> str:
    """Draw a form; it gets a button when it has none."""
    buttons = [] if any(part.get("type") == "button" for part in components) else [SEND]
    return json.dumps({"type": "default", "id": "form", "components": [*components, *buttons], **top})


def part(kind: str, key: str = "x", **settings: Any) -> dict[str, Any]:
    """Draw one component."""
    return {"type": kind, "key": key, "label": f"栏{key}", **settings}


def str_id(value: object) -> str:
    """Name a case shortly."""
    return value if isinstance(value, str) and len(value) < 30 else "-"
