"""What no test is about and every test would pay for: done at little cost, or once for all tests of a process."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial, partialmethod
from types import CodeType

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from engine.core import passwords

Build = Callable[..., tuple[str, str]]

DEAR = passwords._HASHER
"""Hashes as people's passwords are hashed: 27 ms each."""

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass
class Compiled(BytecodeCache):
    """Compile a template once for all apps: each app compiling its own took a third of the time of the pages' tests."""

    kept: dict[tuple[str, str], CodeType] = field(default_factory=dict)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same source."""
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        assert bucket.code is not None
        self.kept[bucket.key, bucket.checksum] = bucket.code


def install(patch: pytest.MonkeyPatch) -> None:
    """Hash cheaply and compile templates once from now on."""
    patch.setattr(passwords, "_HASHER", CHEAP)
    patch.setattr(passwords, "_NOBODY", CHEAP.hash("nobody"))
    patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": Compiled()})
    patch.setattr(Rule, "_compile_builder", partialmethod(_compile_when_built, compiled=Rule._compile_builder))


def _compile_when_built(rule: Rule, append_unknown: bool = True, *, compiled: Callable[[Rule, bool], Build]) -> Build:
    """Compile what builds a rule's addresses when one is wanted: it is most of opening an app, and few are."""
    made = cache(partial(compiled, rule, append_unknown))

    def build(rule: Rule, **values: object) -> tuple[str, str]:
        return made()(rule, **values)

    return build


def freeze() -> None:
    """Leave what collecting the tests has made out of every later search for garbage."""
    gc.collect()
    gc.freeze()
