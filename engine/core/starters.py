"""Say who may start a process: the posts that it names, and `own.<post>`, which is that post of any unit."""

from collections.abc import Collection, Iterable

from engine.core import organization
from engine.core.organization import Post
from engine.ground.unit_of_work import Unit

OWN = "own."


def seats(starters: Collection[str], held: Iterable[Post]) -> list[Post]:
    """Choose from the posts that somebody holds those in which they may start a process."""
    return [post for post in held if post.reference in starters or f"{OWN}{post.code}" in starters]


def references(starters: Iterable[str], unit_code: str | None) -> list[str]:
    """Write out the starters of one instance; without a unit of its own it has no own posts."""
    if unit_code is None:
        return [post for post in starters if not post.startswith(OWN)]
    return [f"{unit_code}.{post.removeprefix(OWN)}" if post.startswith(OWN) else post for post in starters]


def titles(unit: Unit, starters: Collection[str]) -> dict[str, str]:
    """Give what people call each of the starters."""
    own = {post.removeprefix(OWN) for post in starters if post.startswith(OWN)}
    names = {post.code: post.name for post in reversed(organization.posts(unit)) if post.code in own}
    return {
        **organization.post_titles(unit, starters),
        **{f"{OWN}{code}": f"各单位{name}" for code, name in names.items()},
    }
