"""Pre-rollback checklist: 'Confirm backup files exist'."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_rollback.agent.messages.backup.verify import Backups, ComponentBackups
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count

SAVE_AGAIN = (
    "deploy the previous release, run scripts/create_backups.py --replace, then deploy the current "
    "release again; while the current release is live, the set would save the wrong version"
)

FAULTS = {
    "altered": "not the recorded content",
    "irregular": "no regular file",
    "identical": "same content as the live file",
    "exposed": "writable by others",
    "ownership": "not the recorded owner, group or mode",
}


class Faults:
    """The faults of one owner's backups, by their kind."""

    def __init__(self, backups: ComponentBackups) -> None:
        self.found = backups.faults

    def refuse(self, kind: str, hint: str) -> None:
        """Raise when there is a fault of this kind; the findings list all of them."""
        listed = [f"{each.path}: {each.detail}" for each in self.found if each.fault == kind]
        if listed:
            said = f"{count(len(listed), 'backup')}: {FAULTS.get(kind, kind)}"
            raise Refused(said, findings=listed, hint=hint)


@pytest.fixture
def faults(backups: Backups, owner: str) -> Faults:
    """The faults of this owner's backups."""
    return Faults(backups.components[owner])


@criterion("readiness.record.trusted", phase="prepare")
def test_a_backup_set_is_recorded(backups: Backups) -> None:
    """The backup set has a record that lists files and that only its owner can write."""
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
    """'Confirm backup files exist': each file of the release diff is recorded: saved or added."""
    record = backups.record
    commits = [each.commit if each else None for each in (record.previous, record.current)]
    record_property("release diff", commits if backups.compared else "no repository described")

    if not backups.compared and system.fallback.git:
        raise Inconclusive(
            "the release diff could not be compared with the record",
            findings=record.problems or ["the record has no commits"],
            hint="pass both commits in the deploy script: scripts/create_backups.py --help",
        )
    if backups.undeclared:
        raise Refused(
            f"{count(len(backups.undeclared), 'file')} of the release diff not in the record",
            findings=backups.undeclared,
            hint=SAVE_AGAIN,
        )


@criterion("readiness.backups.nonempty", phase="files")
def test_no_copy_is_empty(faults: Faults) -> None:
    """No backup is empty, unless the original file was empty."""
    faults.refuse("empty", SAVE_AGAIN)


@criterion("readiness.backups.intact", phase="files")
def test_no_copy_was_altered(faults: Faults) -> None:
    """Every backup has the recorded size and SHA-256."""
    faults.refuse("altered", SAVE_AGAIN)


@criterion("readiness.backups.regular", phase="files")
def test_every_copy_is_a_regular_file(faults: Faults) -> None:
    """Every backup is a regular file without further hard links."""
    faults.refuse("irregular", "inspect it with 'ls -li', move it away, and save the set again")


@criterion("readiness.backups.differ", phase="files")
def test_every_copy_would_change_something(faults: Faults) -> None:
    """Every backup differs from its live file: the set was saved before the deploy."""
    faults.refuse("identical", "call scripts/create_backups.py before the deploy copies its files")


@criterion("readiness.backups.protected", phase="files")
def test_no_copy_can_be_written_by_others(faults: Faults) -> None:
    """No backup can be written by anybody but its owner."""
    faults.refuse("exposed", "chmod go-w the listed backups")


@criterion("readiness.backups.ownership", phase="files")
def test_every_copy_kept_its_owner_and_mode(faults: Faults) -> None:
    """Every backup has the recorded owner, group and mode."""
    faults.refuse("ownership", "chown and chmod the listed backups to the recorded values")


@criterion("readiness.backups.private", phase="files")
def test_no_secret_comes_back_for_fewer_readers(
    backups: Backups, owner: str, system: System
) -> None:
    """Files with secrets are restored for owner and group only; the services still read them."""
    found = backups.components[owner].tightened
    lost = [f"{each.path}: {each.detail}" for each in found if each.lost]

    if lost:
        raise Refused(
            f"{system.about.user} could not read {count(len(lost), 'restored file')} with secrets: "
            "it is neither their owner nor in their group",
            findings=lost,
            hint=f"chgrp the files to the group of {system.about.user}, chmod 0640, check that "
            f"every service still reads them, and {SAVE_AGAIN}; or remove them from secrets in "
            "[system]",
        )
    if found:
        raise Advisory(
            f"{count(len(found), 'file')} with secrets saved with a wider mode than 0640",
            findings=[f"{each.path}: {each.detail}" for each in found],
            hint="chmod 0640 the files now, and check that no other account reads them; or remove "
            "them from secrets in [system]",
        )


@criterion("readiness.backups.targeted", phase="files")
def test_no_copy_is_a_stray(backups: Backups) -> None:
    """Every file below the root that is named like a backup is in the record."""
    if backups.orphans:
        raise Refused(
            f"{count(len(backups.orphans), 'file')} named like a backup, but not in the record",
            findings=backups.orphans,
            hint="move them out of the root; a rollback only uses recorded backups",
        )
