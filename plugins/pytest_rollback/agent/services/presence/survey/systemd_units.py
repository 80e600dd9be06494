"""The services of systemd that an administrator has installed, or that live in a tree of theirs."""

from __future__ import annotations

from typing import Iterator, List, Mapping, Sequence

from ....configuration.units import manager as managers
from ....errors import HostError
from ....files import lookup
from ....system.command import run, surroundings
from ....system.processes import processes
from ...systemd_parts import control_group, files_of, is_within, unhandled
from .facts import FoundUnit

PROPERTIES = (
    "Id,LoadState,ActiveState,SubState,Type,RemainAfterExit,MainPID,ControlGroup,FragmentPath,"
    "SourcePath,DropInPaths,EnvironmentFiles,After,Requires"
)
OWN = (
    *("/etc/systemd/system/", "/run/systemd/system/", "/usr/local/lib/systemd/system/"),
    *("/etc/containers/systemd/", "/run/containers/systemd/"),
)
"""Where people put units, and quadlets; packages have theirs elsewhere."""

QUADLETS, QUADLET = "/etc/containers/systemd", ".container"
DIRECTORY = "/etc/systemd/system"
ONE_CALL = 10.0


def units(wanted: Sequence[str]) -> Iterator[FoundUnit]:
    """Yield each loaded service, and those of `wanted` even where they are not loaded.

    Raises:
        HostError: systemd runs here, and does not answer.
    """
    names = ["*.service", *map(managers.full, (*wanted, *quadlets()))]
    shown = run(
        ["systemctl", "show", f"--property={PROPERTIES}", "--", *names],
        ONE_CALL,
        env={**surroundings(), "TZ": "UTC"},
    )
    if shown.missing or "not been booted with systemd" in shown.err or "bus" in shown.err:
        return
    if shown.code:
        raise HostError(f"systemctl show failed: {shown.words}", "systemctl status")
    blocks = {each["Id"]: each for each in _blocks(shown.out) if each.get("LoadState") == "loaded"}
    groups = {one.pid: control_group(one.pid) for one in processes()}
    told = managers.of_systemd(DIRECTORY, [name.rpartition(".")[0] for name in blocks])
    for name, block in blocks.items():
        yield _found(name, block, groups, told)


def quadlets() -> List[str]:
    """Return the units of quadlets by name: systemd forgets one that is down and not enabled."""
    try:
        found = lookup.names(QUADLETS)
    except OSError:
        return []
    return [name[: -len(QUADLET)] for name in found if name.endswith(QUADLET)]


def _blocks(text: str) -> List[Mapping[str, str]]:
    blocks = text.strip("\n").split("\n\n")
    return [dict(line.partition("=")[::2] for line in each.split("\n")) for each in blocks if each]


def _found(
    name: str, block: Mapping[str, str], groups: Mapping[int, str], told: managers.ManagerFacts
) -> FoundUnit:
    """Return one service; `own` is whether its file is where people put units."""
    group, main = block.get("ControlGroup", "").rstrip("/"), block.get("MainPID", "")
    inside = [pid for pid, path in groups.items() if group and is_within(path, group)]
    files = files_of(block)
    after = {*block.get("After", "").split(), *block.get("Requires", "").split()}
    return FoundUnit(
        name=name.rpartition(".")[0],
        manager=told,
        state=block.get("ActiveState", ""),
        pids=tuple(inside or ([int(main)] if main.isdigit() and int(main) else [])),
        files=tuple(files),
        own=bool(files) and files[0].startswith(OWN),
        after=tuple(sorted(each.rpartition(".")[0] for each in after if each.endswith(".service"))),
        unhandled=unhandled(block, bool(inside)),
    )
