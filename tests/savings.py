"""What no test is about and every test would pay for: done at little cost, or once for all tests of a process."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial, partialmethod
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from argon2 import PasswordHasher
from coverage import Coverage
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine as Pool
from werkzeug.routing import Rule

from engine.core import passwords
from engine.ground import database

POOLS: dict[str, Pool] = {}
STATEMENTS = 5000
"""More than all tests together make."""

MEMORY = Path("/dev/shm")
ROOM = 4_000_000_000
"""Of bytes: several times what two workers keep at once."""

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
    """Hash cheaply, and compile templates and statements once, from now on."""
    patch.setattr(passwords, "_HASHER", CHEAP)
    patch.setattr(passwords, "_NOBODY", CHEAP.hash("nobody"))
    patch.setattr(database, "create_engine", _open_alike)
    patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": Compiled()})
    patch.setattr(Rule, "_compile_builder", partialmethod(_compile_when_built, compiled=Rule._compile_builder))


def _open_alike(url: str, **options: Any) -> Pool:
    """Open a pool that has all statements which another of its kind has compiled."""
    made = create_engine(url, query_cache_size=STATEMENTS, **options)
    first = POOLS.setdefault(made.dialect.name, made)
    # A dialect has read what its server can do at the first connection.
    if first.dialect.server_version_info is None:
        POOLS[made.dialect.name] = made
    else:
        made.dialect, made._compiled_cache = first.dialect, first._compiled_cache
    return made


def _compile_when_built(rule: Rule, append_unknown: bool = True, *, compiled: Callable[[Rule, bool], Build]) -> Build:
    """Compile what builds a rule's addresses when one is wanted: it is most of opening an app, and few are."""
    made = cache(partial(compiled, rule, append_unknown))

    def build(rule: Rule, **values: object) -> tuple[str, str]:
        return made()(rule, **values)

    return build


def stay_in_memory() -> None:
    """Write what tests write where no disk is waited for, if this machine has such a place with room enough."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    barred = os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    if shutil.disk_usage(MEMORY).free > ROOM and not barred:
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None


def hold() -> None:
    """Search for no garbage while tests are collected: there is hardly any, and more to search with each file."""
    gc.disable()


def freeze() -> None:
    """Leave what collecting the tests has made out of every later search for garbage."""
    gc.collect()
    gc.freeze()
    gc.enable()


@contextmanager
def untraced() -> Iterator[None]:
    """Trace no lines in this block: tracing takes a third of a test's time."""
    tracing = Coverage.current()
    if tracing is None:
        yield
        return
    tracing.stop()
    try:
        yield
    finally:
        tracing.start()
