"""Phases 2 and 3 once more: 'Verify restoration', of files, of what was added, of configuration."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.backup.leftovers import Leftovers, OwnerLeftovers
from pytest_rollback.agent.messages.backup.unchanged import Unchanged
from pytest_rollback.checks import orphans
from pytest_rollback.checks.unchanged import demand
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused, RollbackError
from pytest_rollback.fixtures.live_state import RestoredSystem
from pytest_rollback.manifest import parts
from pytest_rollback.manifest.model import System
from pytest_rollback.manifest.release import BACKUPS, COMMANDS, PACKAGES
from pytest_rollback.text.quantities import count, part

Keep = Callable[[str, object], None]

MOST = 20
"""Paths that evidence lists."""


AGAIN = "rollback now"
"""The command that resumes a rollback; it does only what is left to do."""


def readable(found: OwnerLeftovers) -> None:
    """Raise when a file could not be read: nothing is known of it then."""
    if found.unread:
        raise Inconclusive(
            f"{part(len(found.unread), found.files, 'file')} could not be read",
            findings=found.unread,
            hint="run as root on the host, or set [target] sudo = true",
        )


@criterion("validate.files.recorded")
def test_live_files_are_the_recorded_ones(
    files: Leftovers, owner: str, record_property: Keep
) -> None:
    """'Verify restoration': every live file has the recorded content, owner, mode, attributes."""
    found = files.owners[owner]
    record_property("files recorded", found.files)
    if found.touched:
        record_property("as recorded but for their time of change", list(found.touched[:MOST]))
    readable(found)

    if found.differ:
        raise Refused(
            f"{part(len(found.differ), found.files, 'file')} not as recorded",
            findings=[f"{path} {how}" for path, how in found.differ.items()],
            hint=AGAIN,
        )


@criterion("validate.files.unchanged", needs=("fallback.git",))
def test_the_other_files_are_those_of_the_release(
    kept: Unchanged, system: System, owner: str, record_property: Keep
) -> None:
    """Every file that no backup holds is there, as committed, and its unit may read it."""
    record_property("not compared", kept.skipped or "none")
    demand(kept, owner, system)


@criterion("validate.backups.none_left")
def test_no_saved_copy_is_left(files: Leftovers, system: System, record_property: Keep) -> None:
    """'Should show 0 if all restored': no recorded backup is left beside the files."""
    recorded = sum(group.files for group in files.groups)
    left = sorted(path + system.about.suffix for group in files.groups for path in group.copies)
    record_property("copies recorded", recorded)
    record_property("strays", list(files.strays))

    names = parts.names(system)
    if PACKAGES in names and BACKUPS not in names and not recorded:
        return  # archives are kept apart, and no copy lies beside a file
    # Then validate.release.back wants the record.
    whole = COMMANDS in names and BACKUPS not in names
    if not (recorded + sum(group.added for group in files.groups) or whole):
        raise Refused(
            "no backup was recorded, so that none is left proves nothing",
            hint="call rollback save in the deploy script, before it copies files",
        )
    if left:
        raise Refused(
            f"{part(len(left), recorded, 'backup')} left beside the files",
            findings=left,
            hint=AGAIN,
        )


@criterion("validate.files.added_gone")
def test_added_files_are_gone(files: Leftovers, record_property: Keep) -> None:
    """'rm -rf …/error_handling.py': no file that the deploy added is left."""
    left = sorted(path for group in files.groups for path in group.left)
    added = sum(group.added for group in files.groups)
    record_property("files recorded as added", added)

    if left:
        raise Refused(f"{part(len(left), added, 'added file')} left", findings=left, hint=AGAIN)


@criterion("validate.configuration.recorded")
def test_configuration_is_the_recorded_one(
    files: Leftovers, restored: RestoredSystem, system: System, record_property: Keep
) -> None:
    """'Configuration reverted': configuration and installed unit files equal the recorded ones."""
    found, units = files.configuration, restored.units
    record_property("configuration files recorded", found.files)
    record_property("unit files", "compared" if units else "none described")
    readable(found)
    if isinstance(units, RollbackError):
        raise units
    wrong, by_hand = [f"{path} {how}" for path, how in found.differ.items()], []
    left: list[str] = []
    if units:
        where = system.services.directory
        wrong += [f"{where}/{name} is not as recorded" for _, name in units.differ]
        wrong += [f"{where}/{name} is not as recorded ({why})" for name, why in units.skipped]
        wrong += [f"{path} is not of the previous release, and in use" for path in units.strays]
        wrong += [
            f"{unit}: the service manager has not read its unit file" for unit in units.reload
        ]
        by_hand = [orphans.remedy(units, system, over=True)] if units.orphans else []
        left = orphans.left(units, system)
        wrong += left

    if wrong:
        raise Refused(
            f"{count(len(wrong), 'fault')} in the restored configuration",
            findings=wrong,
            hint="; ".join([*([AGAIN] if len(wrong) > len(left) else []), *by_hand]),
        )
