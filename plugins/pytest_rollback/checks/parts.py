"""A release of several parts: what is asked of each, told as one; and whether all were recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pytest_rollback.agent.messages.backup.strategies import PreviousParts
from pytest_rollback.agent.messages.backup.verify import BackupRecord
from pytest_rollback.errors import Advisory, Inconclusive, Refused, RollbackError
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import BACKUPS, COMMANDS, IMAGES, LINKS, PACKAGES

Found = Mapping[str, PreviousParts]
"""The previous version of each part of a release, by strategy, in the order of parts."""

Check = Callable[[str, PreviousParts], None]
"""What raises where the previous version of one strategy's part is not as it has to be."""

SAVE = "rollback save --replace --previous OLD --current NEW FILES, in the deploy script"

WORST = (Refused, Inconclusive, Advisory)
"""Which error stands for several, the worst first."""


def each(found: Found, system: System, check: Check) -> None:
    """Check every part, and raise one error for all that is wrong; it names each part.

    Raises:
        Refused, Inconclusive or Advisory: the worst of what was raised, with all findings.
    """
    if not found:
        raise Advisory(
            "no part was looked at of a release that a strategy keeps: these components have "
            "backups of their files",
            hint="the same command without --component looks at all parts",
        )
    wrong = [*_raised(found, system, check)]
    if len(wrong) > 1:
        raise _joined([error for _, error in wrong], [part for part, _ in wrong])
    for part, error in wrong:
        if not part:
            raise error
        raise _joined([error], [part]) from error


def without_commands(found: Found) -> Found:
    """Return the parts that this host keeps; of others only their commands know."""
    return {name: each for name, each in found.items() if name != COMMANDS}


def of_commands(found: Found) -> Found:
    """Return the part that commands bring back, alone."""
    return {name: each for name, each in found.items() if name == COMMANDS}


def _raised(found: Found, system: System, check: Check) -> Iterator[tuple[str, RollbackError]]:
    """Yield each part with what was raised about it."""
    for name, part in found.items():
        try:
            check(name, part)
        except WORST as error:
            yield parts.words(system, name), error


def _joined(errors: list[RollbackError], names: list[str]) -> RollbackError:
    """Return one error for several, of the worst kind among them."""
    kind = next(kind for kind in WORST if any(isinstance(error, kind) for error in errors))
    both = [*zip(names, errors, strict=True)]
    return kind(
        "; ".join(f"{part}: {error.message}" for part, error in both),
        findings=[f"{part}: {line}" for part, error in both for line in error.findings],
        hint="; ".join(dict.fromkeys(error.hint for error in errors)),
    )


def recorded(record: BackupRecord, system: System) -> None:
    """Check that a record has every part of a release of several.

    Raises:
        Refused: it lacks one; a rollback would bring back half a release.
    """
    if not record.found or record.problems or not parts.is_mixed(system):
        return
    lacking = [part.words for part in parts.of(system) if not _has(record, system, part.strategy)]
    if lacking:
        name = record.previous.name if record.previous else "that was live before"
        raise Refused(
            f"release {name} was recorded in part: nothing is known of {', '.join(lacking)}",
            findings=[f"{part}: not in the record" for part in lacking],
            hint=f"the next deploy records all parts: {SAVE}",
        )


def compared(system: System) -> bool:
    """Return whether strategies compare all of a release with what they recorded of it."""
    names = parts.names(system)
    return BACKUPS not in names and bool({LINKS, PACKAGES} & {*names})


def _has(record: BackupRecord, system: System, name: str) -> bool:
    """Return whether a record has a part; of backups a file besides those that are switched."""
    if name != BACKUPS:
        return name in record.parts
    switched = {LINKS: system.release.links, IMAGES: system.release.images}
    others = {path for key, paths in switched.items() if key in record.parts for path in paths}
    return record.files + len(record.added) > len(others)
