"""Which run a command is about: the folders of runs, and the one that is meant."""

from __future__ import annotations

from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import Decided, HostTaken, first
from pytest_rollback.evidence.run_folder import TIMELINE

FIRST = "rollback ready writes the first one; --reports=FOLDER names another folder of runs"
"""What to do where there is no run yet."""


def folders(home: Path) -> list[Path]:
    """Return the folders of all runs, the oldest first."""
    if not home.is_dir():
        return []
    found = [each for each in home.iterdir() if (each / TIMELINE).is_file()]
    return sorted(found, key=lambda each: each.name)


def of_host(home: Path, run: str) -> list[Path]:
    """Return the folders of the sessions that took part in a run, by the id it has on the host."""
    return [
        each
        for each in folders(home)
        if any(one.run == run for one in signoffs.events(each) if isinstance(one, HostTaken))
    ]


def is_rollback(folder: Path) -> bool:
    """Return whether a run carried out a rollback, and did not only read."""
    return first(Decided, signoffs.events(folder)) is not None


def rolled_back(home: Path, named: str | None) -> Path:
    """Return the folder of a run: as named, or the latest that was a rollback."""
    if named is None:
        named = next((each.name for each in reversed(folders(home)) if is_rollback(each)), None)
    return folder(home, named)


def folder(home: Path, named: str | None) -> Path:
    """Return the folder of a run: as named, by its id or the beginning of it, or the latest.

    Raises:
        UsageError: there is no such run, or there are several.
    """
    known = folders(home)
    if named is None:
        if not known:
            raise UsageError(
                f"there is no run in {home}",
                hint=FIRST,
            )
        return known[-1]
    try:
        if (Path(named) / TIMELINE).is_file():
            return Path(named).absolute()
    except (OSError, ValueError):
        pass
    alike = [each for each in known if named and each.name.startswith(named)]
    if len(alike) != 1:
        latest = ", ".join(each.name for each in known[-3:])
        listed = f"rollback report list; the latest are {latest}"
        what = "several runs begin with" if alike else "there is no run"
        raise UsageError(f"{what} {named!r} in {home}", hint=listed if latest else FIRST)
    return alike[0]
