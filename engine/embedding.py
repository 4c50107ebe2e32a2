"""Run the engine inside another program, without the web: open a folder, then ask the modules beside this one.

docs/embedding.md shows it at work, from the first unit to the history.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.ground import migrations
from engine.ground.clock import Clock as Clock
from engine.ground.clock import FixedClock as FixedClock
from engine.ground.clock import SystemClock as SystemClock
from engine.ground.holding import hold
from engine.ground.settings import DATA_NAME, DATABASE_URL_NAME, Settings
from engine.ground.unit_of_work import SYSTEM as SYSTEM
from engine.ground.unit_of_work import Actor as Actor
from engine.ground.unit_of_work import Call as Call
from engine.ground.unit_of_work import Engine as Engine
from engine.ground.unit_of_work import Function, Option, Parameter
from engine.ground.unit_of_work import Result as Result
from engine.ground.unit_of_work import Unit as Unit


@contextmanager
def open_engine(
    folder: Path,
    clock: Clock | None = None,
    functions: Mapping[str, Function] | None = None,
    options: Mapping[str, Option] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    database_url: str = "",
) -> Iterator[Engine]:
    """Open the engine on a data folder, its database brought to this version; both are made where they are missing.

    The clock is the machine's where none is given, the database a file of SQLite in the folder. What a service task
    names is among `functions`, what a form lets choose from among `options`.

    Raises:
        Busy: another process writes to this folder, or the database is away.
        SettingsError: the folder or the address cannot be used.
    """
    settings = Settings.from_environment({DATA_NAME: str(folder), DATABASE_URL_NAME: database_url})
    with hold(settings):
        migrations.migrate(settings.database_url)
        engine = Engine(settings, clock or SystemClock(), functions, options, parameters)
        try:
            yield engine
        finally:
            engine.close()
