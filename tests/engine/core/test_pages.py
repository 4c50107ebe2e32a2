"""A token is on one page, the pages stay few, and who follows what was touched has the whole."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core.pages import ROOM, Pages

ACTS = st.lists(st.tuples(st.sampled_from(["add", "drop", "touch"]), st.integers(0, 400)), max_size=400)


def test_tokens_fill_a_page_before_the_next_begins() -> None:
    pages = Pages()
    for number in range(ROOM + 1):
        pages.add(str(number))
    assert {page: len(tokens) for page, tokens in pages.take_touched(str).items()} == {0: ROOM, 1: 1}
    # What leaves makes room on the first page again
    pages.drop("3")
    pages.add("new")
    assert list(pages.take_touched(str)) == [0]
    assert pages.take_touched(str) == {}


def test_what_is_on_no_page_touches_none() -> None:
    pages = Pages()
    pages.touch("nobody")
    assert pages.take_touched(str) == {}


@given(ACTS, st.integers(1, 5))
def test_the_touched_pages_over_those_before_are_the_whole(acts: list[tuple[str, int]], every: int) -> None:
    pages, live = Pages(), dict.fromkeys((f"s{number}" for number in range(150)), None)
    for token in live:
        pages.add(token)
    written: dict[int, list[str]] = {}
    for step, (act, number) in enumerate(acts):
        token = f"t{step}"
        if act == "add":
            pages.add(token)
            live[token] = None
        elif live:
            chosen = list(live)[number % len(live)]
            if act == "drop":
                pages.drop(chosen)
                del live[chosen]
            else:
                pages.touch(chosen)
        if step % every == 0:
            written.update(pages.take_touched(str))
            # Read back in any order of pages, as a database gives them
            again = Pages()
            for page in sorted(written, reverse=True):
                again.put_back(page, written[page])
            pages = again
    written.update(pages.take_touched(str))
    assert sorted(token for tokens in written.values() for token in tokens) == sorted(live)
    assert all(len(tokens) <= ROOM for tokens in written.values())
