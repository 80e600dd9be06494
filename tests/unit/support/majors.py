"""The major versions of PostgreSQL that tests have: those of the wheel, and those of the system."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.extras.sandbox.common.postgres import Postgres, bring_tools, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST, OLDER = "newest", "older"


def version(programs: Path) -> int:
    """Return the major version of a folder with programs."""
    words = [programs / "postgres", "--version"]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    assert found, said
    return int(found[1])


def majors() -> dict[str, Path]:
    """Return the programs of two major versions: the wheel's newest, and the oldest one here."""
    system = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    found = sorted([*(each.parent for each in system), *shipped()], key=version)
    return {NEWEST: shipped()[-1], OLDER: found[0]}


MAJORS = majors()


@contextlib.contextmanager
def newest(place: Path) -> Iterator[Path]:
    """Yield the newest programs, where every account can reach them."""
    place.chmod(0o755)
    bring_tools(place, MAJORS[NEWEST])
    yield Postgres.at(place, 0, MAJORS[NEWEST]).tools
    shutil.rmtree(place)
