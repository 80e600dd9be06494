"""Pre-rollback checklist: 'Check rollback dependencies available'."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.requirements import NO_DIRECTORY, Rights, Space
from pytest_rollback.agent.messages.system import Room, Tools
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.fixtures.survey import commands
from pytest_rollback.manifest.model import System
from pytest_rollback.text.quantities import count, part

Keep = Callable[[str, object], None]


@criterion("readiness.tools.present", phase="prepare")
def test_every_command_is_there(tools: Tools, system: System, record_property: Keep) -> None:
    """'Check rollback dependencies available': every command that a rollback runs is installed."""
    needed = commands(system)
    missing = [command for command, place in tools.places.items() if place is None]
    record_property("tools", tools.places)

    if missing:
        raise Refused(
            f"{part(len(missing), len(tools.places), 'command')} of a rollback not found",
            findings=[f"{command}: needed as {needed[command]}" for command in missing],
            hint=f"install them in the host's PATH, or correct them in rollback.toml; check with "
            f"'command -v {missing[0]}' on the host",
        )


@criterion("readiness.rights.suffice", phase="prepare")
def test_every_path_can_be_replaced(rights: Rights, record_property: Keep) -> None:
    """'Check rollback dependencies available': every file to restore can be replaced."""
    denied = rights.denied
    record_property("paths that can be replaced", rights.paths - len(denied))

    if denied:
        raise Refused(
            f"{part(len(denied), rights.paths, 'path')} cannot be replaced",
            findings=[f"{path}: {why}" for path, why in denied.items()],
            hint="see readiness.backups.complete for what lay in a directory that is none any more"
            if all(why.endswith(NO_DIRECTORY) for why in denied.values())
            else "remove the cause: chattr -i -a; mount -o remount,rw; or [target] sudo = true",
        )


@criterion("readiness.space.suffices", phase="prepare")
def test_there_is_room(space: Space, record_property: Keep) -> None:
    """'Check rollback dependencies available': disk space and inodes suffice for the rollback."""
    short = [each for each in space.rooms if not each.enough]
    record_property("room", [each._asdict() for each in space.rooms])

    if short:
        raise Refused(
            f"not enough space for a rollback on {count(len(short), 'file system')}",
            findings=[words(each) for each in short],
            hint=f"free space: see 'du -x -d 2 {short[0].mount} | sort -n' and 'df -i' there",
        )


def words(room: Room) -> str:
    """Return need and room of a file system as one line."""
    line = f"{room.mount}: needs {room.need:,} bytes, {room.free:,} are free"
    if room.free_inodes is None:
        return line
    return f"{line}; needs {room.need_inodes:,} inodes, {room.free_inodes:,} are free"
