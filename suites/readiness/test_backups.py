"""Pre-rollback checklist: 'Confirm backup files exist'."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_rollback.agent.messages.backup import Backups, ComponentBackups
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest.model import System

SAVE_AGAIN = (
    "put the previous release back and deploy again, scripts/create_backups.py --replace first; "
    "never while the new release is live: it would be saved as the previous one"
)


class Faults:
    """The faults of one owner's backups, by their kind."""

    def __init__(self, backups: ComponentBackups) -> None:
        self.found = backups.faults

    def refuse(self, kind: str, hint: str) -> None:
        """Raise when there is a fault of this kind; the message lists them all."""
        listed = [f"{each.path}: {each.detail}" for each in self.found if each.fault == kind]
        if listed:
            raise Refused(f"{len(listed)} backups are {kind}", findings=listed, hint=hint)


@pytest.fixture
def faults(backups: Backups, owner: str) -> Faults:
    """The faults of this owner's backups."""
    return Faults(backups.components[owner])


@criterion("readiness.record.trusted", phase="prepare")
def test_a_backup_set_is_recorded(backups: Backups) -> None:
    """There is a record of the backup set, with files, that nobody else can have written."""
    record = backups.record

    if not record.found or record.problems:
        raise Refused("; ".join(record.problems) or "no backup set is recorded", hint=SAVE_AGAIN)
    if not record.files + len(record.added):
        raise Refused("the backup set is empty: there is nothing to roll back", hint=SAVE_AGAIN)


@criterion("readiness.backups.complete", phase="files")
def test_every_file_has_its_copy(faults: Faults) -> None:
    """Every file of the release has a backup."""
    faults.refuse("missing", SAVE_AGAIN)


@criterion("readiness.backups.declared", phase="files")
def test_the_whole_release_diff_was_saved(
    backups: Backups, system: System, record_property: Callable[[str, object], None]
) -> None:
    """'Confirm backup files exist': each file of the release diff was saved, or added by it."""
    record = backups.record
    commits = [each.commit if each else None for each in (record.previous, record.current)]
    record_property("release diff", commits if backups.compared else "no repository described")

    if not backups.compared and system.fallback.git:
        raise Inconclusive(
            "there is no release diff to hold against the record",
            findings=record.problems or ["the record names no commits"],
            hint="have the deploy name both commits when it calls scripts/create_backups.py",
        )
    if backups.undeclared:
        raise Refused(
            f"{len(backups.undeclared)} files of the release diff were neither saved nor added",
            findings=backups.undeclared,
            hint=SAVE_AGAIN,
        )


@criterion("readiness.backups.nonempty", phase="files")
def test_no_copy_is_empty(faults: Faults) -> None:
    """No backup is empty, unless the file was."""
    faults.refuse("empty", SAVE_AGAIN)


@criterion("readiness.backups.intact", phase="files")
def test_no_copy_was_altered(faults: Faults) -> None:
    """Every backup holds the bytes that were recorded."""
    faults.refuse("altered", SAVE_AGAIN)


@criterion("readiness.backups.regular", phase="files")
def test_every_copy_is_a_regular_file(faults: Faults) -> None:
    """No backup is a link, a directory, a pipe, or has a second name."""
    faults.refuse("irregular", "see what it is with 'ls -li', move it away, and save the set again")


@criterion("readiness.backups.differ", phase="files")
def test_every_copy_would_change_something(faults: Faults) -> None:
    """No backup equals its live file: a set saved after the deploy rolls nothing back."""
    faults.refuse("identical", "save the set before the deploy copies its files, not after")


@criterion("readiness.backups.protected", phase="files")
def test_no_copy_can_be_written_by_others(faults: Faults) -> None:
    """Only its owner can write a backup."""
    faults.refuse("exposed", "chmod go-w the backups listed above")


@criterion("readiness.backups.ownership", phase="files")
def test_every_copy_kept_its_owner_and_mode(faults: Faults) -> None:
    """A backup has the owner, group and mode that were recorded of the file."""
    faults.refuse("ownership", "chown and chmod the backups as recorded, listed above")


@criterion("readiness.backups.private", phase="files")
def test_no_secret_comes_back_for_fewer_readers(
    backups: Backups, owner: str, system: System
) -> None:
    """A file with a secret is restored for its owner alone; the services can read it even then."""
    found = backups.components[owner].tightened
    lost = [f"{each.path}: {each.detail}" for each in found if each.lost]

    if lost:
        raise Refused(
            f"{len(lost)} files with secrets come back as 0600, and not as {system.about.user}'s",
            findings=lost,
            hint=f"chown them to {system.about.user} and chmod 0600, see that every service still "
            f"reads them, and {SAVE_AGAIN}; or take them out of secrets in [system]",
        )
    if found:
        raise Advisory(
            f"{len(found)} files with secrets were open to others, and come back as 0600",
            findings=[f"{each.path}: {each.detail}" for each in found],
            hint="chmod 0600 them now, and see that nobody else reads them; or take them out of "
            "secrets in [system]",
        )


@criterion("readiness.backups.targeted", phase="files")
def test_no_copy_is_a_stray(backups: Backups) -> None:
    """No file under the root is named like a backup and is not in the record."""
    if backups.orphans:
        raise Refused(
            f"{len(backups.orphans)} files are named like backups, and no record knows them",
            findings=backups.orphans,
            hint="move them out of the root; a rollback touches recorded files only",
        )
