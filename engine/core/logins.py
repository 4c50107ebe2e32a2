"""Know what a login looks like."""

import re

from engine.core.passwords import normalize as plain
from engine.ground.errors import Fault

SHAPE = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
RULE = "登录名须为2至64个小写英文字母、数字、点、横线或下划线，以字母或数字开头。"


def normalize(text: str) -> str:
    """Make a login that was typed what is kept: plain small letters, without blanks around."""
    return plain(text).strip().lower()[:100]


def faults(login: str) -> list[Fault]:
    """Say what is wrong with a login."""
    return [] if SHAPE.fullmatch(login) else [Fault("login", RULE, "login")]
