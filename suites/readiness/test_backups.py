"""Pre-rollback checklist: 'Confirm backup files exist'."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_rollback.agent.messages.backup.git import by_hand
from pytest_rollback.agent.messages.backup.unchanged import Unchanged
from pytest_rollback.agent.messages.backup.verify import (
    Backups,
    ComponentBackups,
    ReleaseContent,
)
from pytest_rollback.checks import parts as of_parts
from pytest_rollback.checks import unchanged as of_release
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Advisory, Inconclusive, Refused
from pytest_rollback.fixtures.host import NO_SET
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count, part

SAVE_AGAIN = (
    "deploy the previous release, run rollback save with the same files and releases, "
    "which completes the set, then deploy the current release again; while the current release is "
    "live, the set would save the wrong version"
)
TWO_RELEASES = (
    "no backup set can hold what lies in a directory that the deploy makes a file: let one release "
    "remove the directory, and the next one add the file; this one is rolled back by hand"
)
UNREAD = "run as root on the host, or set [target] sudo = true"

FAULTS = {
    "altered": "not the recorded content",
    "irregular": "no regular file",
    "exposed": "writable by others",
    "ownership": "not the recorded owner, group, mode or attributes",
}


class Faults:
    """The faults of one owner's backups, by their kind."""

    def __init__(self, backups: ComponentBackups) -> None:
        self.found = backups.faults

    def of(self, kind: str) -> list[str]:
        """Return the faults of a kind, with their paths."""
        return [f"{each.path}: {each.detail}" for each in self.found if each.fault == kind]

    def refuse(self, kind: str, hint: str) -> None:
        """Raise when there is a fault of this kind; the findings list all of them."""
        listed = self.of(kind)
        if listed:
            said = f"{count(len(listed), 'backup')}: {FAULTS.get(kind, kind)}"
            raise Refused(said, findings=listed, hint=hint)


@pytest.fixture
def faults(saved: Backups, owner: str) -> Faults:
    """The faults of this owner's backups."""
    return Faults(saved.components[owner])


@criterion("readiness.record.trusted", phase="prepare")
def test_a_backup_set_is_recorded(saved: Backups, system: System) -> None:
    """The backup set has a record of each part, and only its owner can write it."""
    record = saved.record

    if record.problems:
        raise Refused("; ".join(record.problems), hint=NO_SET)
    if not (record.files + len(record.added) or record.parts):
        raise Refused("the backup set is empty: there is nothing to roll back", hint=NO_SET)
    of_parts.recorded(record, system)


@criterion("readiness.backups.complete", phase="files")
def test_every_file_has_its_copy(faults: Faults) -> None:
    """Every file of the release has a backup."""
    gone = any("it is gone: " in each for each in faults.of("missing"))
    faults.refuse("missing", TWO_RELEASES if gone else SAVE_AGAIN)


@criterion("readiness.backups.declared", phase="files")
def test_the_whole_release_diff_was_saved(
    saved: Backups, system: System, record_property: Callable[[str, object], None]
) -> None:
    """'Confirm backup files exist': each file of the release diff is recorded: saved or added."""
    record, backups = saved.record, saved
    commits = [each.commit if each else None for each in (record.previous, record.current)]
    record_property("release diff", commits if backups.compared else "no repository described")

    if not backups.compared and system.fallback.git:
        raise Inconclusive(
            "the release diff could not be compared with the record",
            findings=[backups.uncompared or "the record has no commits"],
            hint="pass both commits in the deploy script: rollback save --help",
        )
    if record.partial:
        raise Advisory(
            record.share,
            findings=backups.undeclared,
            hint="the listed files stay as they are in a rollback; without --partial, "
            "rollback save saves the whole release before the next deploy",
        )
    if backups.undeclared:
        raise Refused(
            f"{count(len(backups.undeclared), 'file')} of the release diff not in the record",
            findings=backups.undeclared,
            hint=TWO_RELEASES if any(map(becomes_file, backups.undeclared)) else SAVE_AGAIN,
        )


def becomes_file(finding: str) -> bool:
    """Return whether a path is a directory, of which a deploy makes a file."""
    return finding.endswith(": is a directory, and becomes a file")


def demand(found: ReleaseContent | None, system: System, whose: str, hint: str) -> None:
    """Raise when files are not those of a release: a few are hotfixes, more are another release."""
    if found is None and system.fallback.git:
        raise Inconclusive(
            f"{whose} could not be compared with the repository: the record has no commits, or it "
            "cannot be read",
            hint="pass both commits in the deploy script: rollback save --help",
        )
    if found is None and of_parts.compared(system):
        return  # readiness.release compares these
    if found is None:
        raise Advisory(
            f"{whose} were not compared with a release: no repository described",
            hint=of_release.to_compare(system),
        )
    if not found.differ:
        return
    number = part(len(found.differ), found.compared, "file")
    said = f"{number} of {whose} not as in {found.commit[:12]}"
    listed = [f"{path} {how}" for path, how in found.differ.items()]
    few = max(1, found.compared // 4)
    if found.tag:
        said += f": all of them are those of {found.tag}"
    elif found.known * 2 < found.compared and len(listed) <= few:
        raise Advisory(
            f"{said}: hotfixes, as it seems",
            findings=listed,
            hint="commit them; what the release has: "
            f"{by_hand(system.fallback.git or '', f'show {found.commit[:12]}:FILE')}",
        )
    raise Refused(said, findings=listed, hint=hint)


@criterion("readiness.release.previous", phase="files")
def test_the_backups_are_those_of_the_previous_release(
    saved: Backups, system: System, record_property: Callable[[str, object], None]
) -> None:
    """Every backup has the content that the recorded commit of the previous release has."""
    found = saved.previous
    record_property("compared", found.compared if found else "no repository described")
    hint = f"find out which release was live when the set was saved; {SAVE_AGAIN}"
    demand(found, system, "the backups", hint)


@criterion("readiness.release.current", phase="files")
def test_the_live_files_are_those_of_the_current_release(
    deployed: Backups, system: System, record_property: Callable[[str, object], None]
) -> None:
    """The live files have the content that the recorded commit of the current release has."""
    found, later = deployed.current, deployed.later
    record_property("compared", found.compared if found else "no repository described")
    if later and later.known:
        raise Refused(
            f"{count(len(later.differ), 'file')} changed since the set was saved, and no backup of "
            f"them: another release than {later.commit[:12]} was deployed over it",
            findings=[f"{path} {how}" for path, how in later.differ.items()],
            hint=f"a rollback of this set would leave them as they are; {SAVE_AGAIN}",
        )
    if found and later and later.differ:
        more = {**found.differ, **later.differ}
        found = found._replace(differ=more, compared=found.compared + later.compared)
    demand(
        found,
        system,
        "the live files",
        "find out which release is live, and who deployed it without saving a set; a rollback "
        "would mix it with the files of this set",
    )


@criterion("readiness.files.unchanged", phase="files", needs=("fallback.git",))
def test_the_other_files_are_those_of_both_releases(
    unchanged: Unchanged,
    system: System,
    owner: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Every file that no backup holds is there, as committed, and its unit may read it."""
    record_property("not compared", unchanged.skipped or "none")
    of_release.demand(unchanged, owner, system)


@criterion("readiness.backups.nonempty", phase="files")
def test_no_copy_is_empty(faults: Faults) -> None:
    """No backup is empty, unless the original file was empty."""
    faults.refuse("empty", SAVE_AGAIN)


@criterion("readiness.backups.intact", phase="files")
def test_no_copy_was_altered(faults: Faults) -> None:
    """Every backup can be read, and has the recorded size and SHA-256."""
    faults.refuse("altered", SAVE_AGAIN)
    unread = faults.of("unread")
    if unread:
        raise Inconclusive(
            f"{count(len(unread), 'backup')} could not be read", findings=unread, hint=UNREAD
        )


@criterion("readiness.backups.regular", phase="files")
def test_every_copy_is_a_regular_file(faults: Faults) -> None:
    """Every backup is a regular file, and not the live file under a second name."""
    faults.refuse("irregular", f"inspect it with 'ls -li' on the host, and {SAVE_AGAIN}")


@criterion("readiness.backups.differ", phase="files")
def test_there_is_something_to_roll_back(
    deployed: Backups, record_property: Callable[[str, object], None]
) -> None:
    """A live file differs from its backup, or an added one is there: a release was deployed.

    A named file that the deploy did not change is fine.
    """
    record_property("files that a rollback changes", deployed.changes)


@criterion("readiness.backups.protected", phase="files")
def test_no_copy_can_be_written_by_others(faults: Faults) -> None:
    """No backup can be written by anybody but its owner."""
    faults.refuse("exposed", "chmod go-w the listed backups")


@criterion("readiness.backups.ownership", phase="files")
def test_every_copy_kept_its_owner_and_mode(faults: Faults) -> None:
    """Every backup has the recorded owner, group, mode and attributes."""
    faults.refuse(
        "ownership", "chown, chmod and setfattr the listed backups to the recorded values"
    )


@criterion("readiness.backups.private", phase="files")
def test_no_secret_comes_back_for_fewer_readers(saved: Backups, owner: str, system: System) -> None:
    """Files with secrets are restored for owner and group only; the services still read them."""
    found = saved.components[owner].tightened
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


@criterion("readiness.files.found", phase="files")
def test_what_is_described_is_there(saved: Backups) -> None:
    """Each name and pattern in rollback.toml is that of a file, directory or account there is."""
    if saved.unfound:
        raise Refused(
            f"{count(len(saved.unfound), 'name')} in rollback.toml that nothing on this host has",
            findings=saved.unfound,
            hint="correct them in rollback.toml: what is not found is not rolled back, not kept "
            "secret, and not checked",
        )


@criterion("readiness.backups.targeted", phase="files")
def test_no_copy_is_a_stray(saved: Backups) -> None:
    """Every file that is named like a backup is in the record; no rollback has left files."""
    if saved.left_over:
        hint = "rollback status; resume an unfinished run, move all else out of the root"
        raise Refused("a rollback left files below the root", findings=saved.left_over, hint=hint)
    if saved.orphans:
        raise Refused(
            f"{count(len(saved.orphans), 'file')} named like a backup, but not in the record",
            findings=saved.orphans,
            hint="find out whose they are; those of the procedure belong outside of the root",
        )
