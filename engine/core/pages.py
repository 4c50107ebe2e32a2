"""Divide an instance's tokens into pages, so that an act writes what it touched and not the whole."""

import heapq
from collections.abc import Callable, Iterable

ROOM = 16
"""Tokens of one page: more make each write longer, fewer make a load of many tokens slower."""


class Pages:
    """Know which page each token is on and how it was last written, None where it is no longer so."""

    def __init__(self) -> None:
        self._page_of: dict[str, int] = {}
        self._members: list[dict[str, str | None]] = []
        self._roomy: list[int] = []
        self._touched: set[int] = set()

    def add(self, token_id: str) -> None:
        """Put a token on the first page with room."""
        page = self._first_with_room()
        self._members[page][token_id] = None
        self._page_of[token_id] = page
        self._touched.add(page)

    def put_back(self, page: int, token_ids: Iterable[str]) -> None:
        """Say what is on a page that was written."""
        while len(self._members) <= page:
            self._members.append({})
            heapq.heappush(self._roomy, len(self._members) - 1)
        self._members[page] = dict.fromkeys(token_ids)
        self._page_of.update(dict.fromkeys(self._members[page], page))

    def drop(self, token_id: str) -> None:
        """Take a token off its page."""
        page = self._page_of.pop(token_id)
        if len(self._members[page]) == ROOM:
            heapq.heappush(self._roomy, page)
        del self._members[page][token_id]
        self._touched.add(page)

    def touch(self, token_id: str) -> None:
        """Note that a token is no longer as it was written, if it is on a page at all."""
        page = self._page_of.get(token_id)
        if page is not None:
            self._members[page][token_id] = None
            self._touched.add(page)

    def take_touched(self, write: Callable[[str], str]) -> dict[int, list[str]]:
        """Give what is now on the pages touched since the last call; `write` is asked for tokens that have changed."""
        touched, self._touched = sorted(self._touched), set()
        return {
            page: [text or self._write(page, token, write) for token, text in self._members[page].items()]
            for page in touched
        }

    def _write(self, page: int, token_id: str, write: Callable[[str], str]) -> str:
        text = self._members[page][token_id] = write(token_id)
        return text

    def _first_with_room(self) -> int:
        while self._roomy and len(self._members[self._roomy[0]]) >= ROOM:
            heapq.heappop(self._roomy)
        if not self._roomy:
            self._members.append({})
            heapq.heappush(self._roomy, len(self._members) - 1)
        return self._roomy[0]
