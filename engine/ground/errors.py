"""Say what went wrong, in families.

SuixuError
├── NotFound          unknown, or not theirs to know (404)
├── Invalid           what was given does not fit: faults by field (422)
│   └── Refused       a diagram or file that publishing or import refuses: all faults at once
├── Stale             somebody acted in between, or it is closed already (409)
├── NotAllowed        theirs to see, not theirs to do (403)
├── TooLarge          over a limit (413)
├── Busy              the database is away, locked, full or read-only (503)
│   └── Unsure        it went away at the very commit: nobody knows whether the act has happened (503)
└── Stuck             an instance cannot go on: becomes an incident
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Name one thing that is wrong, where, and what to do, in Chinese.

    `element` is a BPMN id, a field's key or a cell; `name` is what a person reads there; `line` is 0 when unknown.
    """

    code: str
    message: str
    element: str = ""
    name: str = ""
    line: int = 0
    remedy: str = ""


class SuixuError(Exception):
    """Carry a Chinese message that can be shown to the person as it is."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or "操作没有完成。")

    @property
    def message(self) -> str:
        """Give the text to show."""
        return str(self)


class NotFound(SuixuError):
    """Tell that nothing is there, or nothing that this person may know of."""

    def __init__(self, message: str = "没有找到，或者不在您的查看范围内。") -> None:
        super().__init__(message)


class Invalid(SuixuError):
    """Refuse what was given, naming each fault."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults: tuple[Fault, ...] = tuple(faults)


class Refused(Invalid):
    """Refuse a diagram, a form or an imported file, with all its faults."""


class Stale(SuixuError):
    """Refuse an act on something that has changed or closed meanwhile."""


class NotAllowed(SuixuError):
    """Refuse an act that is not this person's to do."""


class TooLarge(SuixuError):
    """Refuse a file or a body over the limit."""


class ProcessError(Exception):
    """Let a registered function throw an error with a code, which the diagram catches (BPMN)."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class Busy(SuixuError):
    """Tell that the database cannot serve now."""


class Unsure(Busy):
    """Tell that the connection was lost at the commit, and with it the answer whether the act has happened."""

    def __init__(self) -> None:
        super().__init__(
            "数据库连接在保存的一刻中断，不能确定本次操作是否已经生效。请先打开最新的页面核对，没有生效再重做。"
        )


class Stuck(SuixuError):
    """Tell that an instance cannot go on without a person; `activity_id` says where."""

    def __init__(self, message: str, activity_id: str = "") -> None:
        super().__init__(message)
        self.activity_id = activity_id


def reason(error: Exception) -> str:
    """Say in one line what the database or the system said; nothing of what people typed is in it."""
    cause = error.__cause__ or error
    return " ".join(str(getattr(cause, "orig", None) or cause).split())
