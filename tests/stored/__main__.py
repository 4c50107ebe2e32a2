"""Write the stored states of the version in the making."""

import tempfile
from importlib.metadata import version
from pathlib import Path

from tests import stored
from tests.stored import scenes

SCENES = {"office": scenes.tell_office, "waits": scenes.tell_waits}


def main() -> None:
    """Tell every scene on a database of its own, and store what is in it; what was released stays as it is."""
    making = version("suixu")
    if stored.told(stored.CHANGELOG.read_text(encoding="utf-8")).get(making) != stored.IN_THE_MAKING:
        raise SystemExit(f"{making} is not in the making: its stored states stay as they are")
    for name, tell in SCENES.items():
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/{name}.db"
            stored.write(making, name, url, tell(url, Path(folder)))


if __name__ == "__main__":
    main()
