"""Phases 2 and 3 once more: 'Verify restoration', of files, of what was added, of configuration."""

from __future__ import annotations

from collections.abc import Callable

from fixtures.live_state import RestoredSystem
from pytest_rollback.agent.messages.restore import Leftovers
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused, RollbackError
from pytest_rollback.manifest.model import System

Keep = Callable[[str, object], None]


def again(system: System) -> str:
    """Return the command that goes on with a rollback: it does only what is left."""
    return f"pytest suites/drill --arm={system.target.name}"


@criterion("validate.files.recorded")
def test_live_files_are_the_recorded_ones(
    files: Leftovers, system: System, owner: str, record_property: Keep
) -> None:
    """'Verify restoration': every live file has the content, owner and mode that were recorded."""
    found = files.owners[owner]
    record_property("files recorded", found.files)

    if found.differ:
        raise Refused(
            f"{len(found.differ)} of {found.files} files are not the previous release's",
            findings=[f"{path} {how}" for path, how in found.differ.items()],
            hint=again(system),
        )


@criterion("validate.backups.none_left")
def test_no_saved_copy_is_left(files: Leftovers, system: System, record_property: Keep) -> None:
    """'Should show 0 if all restored': no backup that was recorded is left."""
    recorded = sum(group.files for group in files.groups)
    left = sorted(path + system.about.suffix for group in files.groups for path in group.copies)
    record_property("copies recorded", recorded)
    record_property("strays", list(files.strays))

    if not recorded + sum(group.added for group in files.groups):
        raise Refused(
            "no backup was ever recorded: that none is left proves nothing",
            hint="have the deploy call scripts/create_backups.py before it copies files",
        )
    if left:
        raise Refused(
            f"{len(left)} of {recorded} backups are still there",
            findings=left,
            hint=again(system),
        )


@criterion("validate.files.added_gone")
def test_added_files_are_gone(files: Leftovers, system: System, record_property: Keep) -> None:
    """'rm -rf …/error_handling.py': no file that the deploy added is left, as recorded."""
    left = sorted(path for group in files.groups for path in group.left)
    added = sum(group.added for group in files.groups)
    record_property("files recorded as added", added)

    if left:
        raise Refused(
            f"{len(left)} of {added} added files are still there", findings=left, hint=again(system)
        )


@criterion("validate.configuration.recorded")
def test_configuration_is_the_recorded_one(
    files: Leftovers, restored: RestoredSystem, system: System, record_property: Keep
) -> None:
    """'Configuration reverted': configuration and installed unit files are as recorded."""
    found, units = files.configuration, restored.units
    record_property("configuration files recorded", found.files)
    record_property("unit files", "compared" if units else "none described")
    if isinstance(units, RollbackError):
        raise units
    wrong = [f"{path} {how}" for path, how in found.differ.items()]
    if units:
        where = system.services.directory
        wrong += [f"{where}/{name} is not the release's" for _, name in units.differ]
        wrong += [f"{where}/{name} is not the release's ({why})" for name, why in units.skipped]
        wrong += [f"{unit}: its manager has not read its files" for unit in units.reload]

    if wrong:
        raise Refused(
            f"{len(wrong)} parts of the configuration are not the previous release's",
            findings=wrong,
            hint=again(system),
        )
