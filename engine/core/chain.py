"""Recompute a chain of records, one after the other, and say where it first breaks.

digest(n) = SHA-256(digest(n-1) ‖ envelope ‖ SHA-256(salt ‖ payload)), over the bytes as stored. The envelope names the
inner hash, so the chain holds where payload and salt were blanked; whether that was lawful, a later record of the same
chain has to say.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

GENESIS = bytes(32)
ERASED = "event.erased"
"""The kind of the record that says which content was lawfully erased; its own content never is."""


@dataclass(frozen=True)
class Erasure:
    """Say on what authority, why, by whom and when (ISO 8601) a record's content was erased."""

    authority: str
    reason: str
    by: str
    at: str


def inner_digest(salt: bytes, payload: bytes) -> bytes:
    """Compute the hash of a payload that the envelope names."""
    return hashlib.sha256(salt + payload).digest()


def digest(previous: bytes, envelope: bytes, inner: bytes) -> bytes:
    """Compute a record's digest from the one before it."""
    return hashlib.sha256(previous + envelope + inner).digest()


def parse(text: bytes | str | None) -> dict[str, Any]:
    """Read what was stored as JSON; what is no object reads as an empty one, for its chain tells of it."""
    try:
        found = json.loads(text or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class Chain:
    """Follow a chain from its first record, or from the one behind `start`, whose digest is `head`.

    `blanked` are the records without content, `told` the erasures that it tells.
    """

    def __init__(self, stream: str, start: int = 0, head: bytes = GENESIS) -> None:
        self.stream = stream
        self._name = json.dumps(stream, ensure_ascii=False)
        self.start = self.count = start
        self.head = head
        self.blanked: set[int] = set()
        self.told: dict[int, Erasure] = {}

    def follow(
        self, number: int, kind: str, at: str, envelope: bytes, salt: bytes, payload: bytes | None, digest_: bytes
    ) -> str:
        """Take the next record; give what is wrong with it, "" where nothing is."""
        self.count += 1
        if number != self.count:
            return f"第{self.count}条记录缺失，或者顺序不连续。"
        inner = _named(parse(envelope)) if payload is None else inner_digest(salt, payload)
        if digest(self.head, envelope, inner) != digest_:
            return f"第{number}条记录与校验值不一致，内容或者顺序可能被改动。"
        if not self._tells(envelope, number, kind, at, inner.hex()):
            return f"第{number}条记录的编号、类别或者时间与内容不一致。"
        self.head = digest_
        if payload is None:
            self.blanked.add(number)
            return f"第{number}条记录的内容已被清空，盐值却还在。" if salt else ""
        return self._hear(number, at, parse(envelope), parse(payload)) if kind == ERASED else ""

    def _tells(self, envelope: bytes, number: int, kind: str, at: str, inner: str) -> bool:
        """Tell whether an envelope says what stands beside it; written as ours are, it need not be read for that."""
        begins = f'{{"number":{number},"stream":{self._name},"kind":"{kind}","at":"{at}",'
        if envelope.startswith(begins.encode()) and envelope.endswith(f',"payload":"{inner}"}}'.encode()):
            return True
        head = parse(envelope)
        told = (head.get("stream"), head.get("number"), head.get("kind"), head.get("at"), head.get("payload"))
        return told == (self.stream, number, kind, at, inner)

    def _hear(self, number: int, at: str, head: Mapping[str, Any], body: Mapping[str, Any]) -> str:
        target = head.get("erases")
        if type(target) is not int or not 0 < target < number or target in self.told:
            return f"第{number}条记录没有说清楚依法清除的是哪一条。"
        authority, reason, person = body.get("authority"), body.get("reason"), head.get("person")
        self.told[target] = Erasure(str(authority or ""), str(reason or ""), str(person or ""), at)
        return ""

    def close(self, registered: Mapping[int, Erasure] | None = None) -> tuple[int, str]:
        """Hold the erasures against the blanked records, and the register where it is known; give the first break."""
        known = self.told if registered is None else registered
        for number in sorted(self.blanked | self.told.keys() | known.keys()):
            if number <= self.start:
                continue
            if number > self.count:
                return number, f"登记了依法清除第{number}条记录，这条记录却不存在。"
            if number not in self.told:
                return number, f"第{number}条记录的内容已被清空，没有依法清除的记录。"
            if number not in self.blanked:
                return number, f"第{number}条记录已经依法清除，内容却还在。"
            if known.get(number) != self.told[number]:
                return number, f"第{number}条记录的依法清除，登记和记录不一致。"
        return 0, ""


def _named(head: Mapping[str, Any]) -> bytes:
    with suppress(ValueError, TypeError):
        return bytes.fromhex(head.get("payload", ""))
    return b""
