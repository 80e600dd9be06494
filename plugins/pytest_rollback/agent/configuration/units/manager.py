"""What a service manager uses for a unit: its files, its process, and its own environment."""

from __future__ import annotations

import os
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ...files import lookup
from ...messages.services.units import ManagerAddress
from ...system import unix_sockets
from ...system.command import run
from ...system.processes import environ, proc
from . import compose, supervisord, systemd
from .definition import KINDS, UnitDefinition
from .sources import Installed

PLACES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
"""Where systemd looks for unit files, first wins; `systemd-analyze unit-paths` lists more."""

PROPERTIES = "Id,FragmentPath,SourcePath,DropInPaths,MainPID,NeedDaemonReload"
GENERATED = "/run/systemd/generator"
"""How the directories begin into which generators write units, anew at each reload."""

ONE_CALL = 3.0
USUAL = (
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
)
"""Where supervisord looks for its configuration when its command line names none."""


class Known(NamedTuple):
    """What a manager says of a unit: its files in order, its main process, its published ports.

    The process is 0 for none, and for one that shows nothing of the host's own. `source` is what a
    generator made the unit of, such as the file of a quadlet; "" for none.
    """

    files: Tuple[str, ...] = ()
    pid: int = 0
    ports: Tuple[int, ...] = ()
    source: str = ""


class ManagerFacts(NamedTuple):
    """A manager at one moment.

    `units` are its own words about units, by name. `environment` is what it hands to all of them,
    None where it cannot be read. `main` is the configuration of supervisord, `user` its account,
    `place` its working directory, `pid` its process.
    """

    name: str
    directory: str
    units: Dict[str, Known]
    environment: Optional[Dict[str, str]] = None
    main: str = ""
    user: str = ""
    place: str = "/"
    pid: int = 0


def asked(address: ManagerAddress, directory: str, units: Sequence[str]) -> ManagerFacts:
    """Return what the manager says; it answers nothing where it does not run."""
    if address.name == "supervisord":
        return of_supervisord(address, directory)
    if address.name == "systemd":
        return of_systemd(directory, units)
    if address.name == "compose":
        path = address.socket or ""
        known = {unit: Known((path,), ports=each) for unit, each in compose.ports(path, units)}
        return ManagerFacts("compose", directory, known, main=path)
    return ManagerFacts(address.name, directory, {})


def file_names(manager: str, unit: str) -> Tuple[str, ...]:
    """Return the names that the files of a unit can have in the directory of unit files."""
    if manager == "compose":  # it has no such directory: its file is saved like any other
        return ()
    if manager != "systemd":
        return (f"{unit.partition(':')[0]}.conf",)
    name = full(unit)
    kind = name.rpartition(".")[2]
    return (name, f"{name.partition('@')[0]}@.{kind}") if "@" in name else (name,)


def full(unit: str) -> str:
    """Return the whole name of a unit of systemd."""
    return unit if unit.endswith(KINDS) else f"{unit}.service"


def of_systemd(directory: str, units: Sequence[str]) -> ManagerFacts:
    """Ask systemd about all units with one call, and for the environment that it hands out."""
    shown = run(["systemctl", "show-environment"], ONE_CALL)
    lines = shown.out.split("\n") if shown.code == 0 else []
    handed = dict(line.partition("=")[::2] for line in lines if "=" in line)
    return ManagerFacts("systemd", directory, known_to_systemd(units), handed or None)


def known_to_systemd(units: Sequence[str]) -> Dict[str, Known]:
    """Return the files and the process that systemd has for each unit, with one call."""
    told = run(["systemctl", "show", f"--property={PROPERTIES}", "--", *units], ONE_CALL)
    blocks = told.out.strip("\n").split("\n\n") if told.code == 0 else []
    known: Dict[str, Known] = {}
    for unit, block in zip(units, blocks):
        pairs = dict(line.partition("=")[::2] for line in block.split("\n"))
        files = [pairs.get("FragmentPath", ""), *pairs.get("DropInPaths", "").split()]
        pid = pairs.get("MainPID", "")
        number = int(pid) if pid.isdigit() else 0
        known[unit] = Known(tuple(filter(None, files)), number, source=pairs.get("SourcePath", ""))
    return known


def of_supervisord(address: ManagerAddress, directory: str) -> ManagerFacts:
    """Find the process of supervisord by its socket, its configuration by its command line."""
    pid = unix_sockets.listener(address.socket or "")
    if not pid:
        return ManagerFacts("supervisord", directory, {})
    return ManagerFacts(
        "supervisord",
        directory,
        {},
        environ(pid),
        configuration_of(pid),
        account(pid),
        place(pid) or "/",
        pid,
    )


def configuration_of(pid: int) -> str:
    """Return the absolute path of a supervisord's configuration; "" where it cannot be told.

    A relative one is of the directory in which it was started. A daemon may have left that one:
    then the shell's own variable has it.
    """
    words = [os.fsdecode(word) for word in proc(pid, "cmdline").split(b"\0")]
    given = option_of(words)
    began = (place(pid), (environ(pid) or {}).get("PWD", ""))
    wanted = (given,) if given else (*beside(words), *USUAL)
    paths = (os.path.join(folder, each) for each in wanted for folder in began if folder)
    return next((os.path.normpath(path) for path in paths if lookup.kind(path) == "file"), "")


def option_of(words: Sequence[str]) -> str:
    """Return the configuration that a command line of supervisord names, "" for none."""
    given = ""
    for position, word in enumerate(words):
        if word in ("-c", "--configuration"):
            given = words[position + 1] if position + 1 < len(words) else ""
        elif word.startswith("--configuration="):
            given = word.partition("=")[2]
        elif word.startswith("-c"):
            given = word[2:]
    return given


def beside(words: Sequence[str]) -> Tuple[str, ...]:
    """Return where supervisord looks beside its own program, which is a word of its command."""
    program = next((word for word in words if os.path.basename(word) == "supervisord"), "")
    above = os.path.dirname(os.path.dirname(program)) if program.startswith("/") else ""
    return tuple(f"{above}/{name}" for name in USUAL[1::-1]) if above else ()


def place(pid: int) -> str:
    """Return the working directory of a process, "" where it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


def account(pid: int) -> str:
    """Return the account that a process runs as: its name, or its number where it has none."""
    import pwd  # noqa: PLC0415 - only supervisord needs it

    for line in proc(pid, "status").split(b"\n"):
        if line.startswith(b"Uid:"):
            number = int(line.split()[2])
            try:
                return pwd.getpwuid(number).pw_name
            except KeyError:
                return str(number)
    return ""


def defined(manager: ManagerFacts, unit: str, installed: Installed) -> UnitDefinition:
    """Return what the files of a unit say, as they are or will be installed.

    Raises:
        LookupError: there are no files of this unit; the words say why.
    """
    if manager.name == "supervisord":
        return of_program(manager, unit, installed)
    if manager.name == "compose":
        if unit not in manager.units:
            raise LookupError("the container engine does not answer")
        return compose.defined(unit, manager.main)
    if manager.name != "systemd":
        raise LookupError(f"unit files of {manager.name} are not read")
    name = full(unit)
    files = files_of(manager, unit, name, installed)
    if not files:
        raise LookupError(f"there is no unit file {name}")
    texts = [systemd.UnitFile(path, installed.text(path)) for path in files]
    return systemd.defined(name, texts)


def of_program(manager: ManagerFacts, unit: str, installed: Installed) -> UnitDefinition:
    """Return what the configuration of supervisord says of a program."""
    if not manager.main and not manager.pid:
        raise LookupError("the configuration of supervisord is not known: it does not answer")
    if not manager.main:
        raise LookupError(
            f"the configuration of supervisord, process {manager.pid}, is not where its command "
            "line says: start it with -c and an absolute path"
        )
    variables = manager.environment or {}
    try:
        found = supervisord.read(manager.main, installed.text, installed.listed, variables)
        return supervisord.defined(unit, found, variables)
    except OSError as error:
        raise LookupError(f"{manager.main}: {error.strerror}") from error
    except supervisord.NotTaken as error:
        raise LookupError(str(error)) from error


def files_of(manager: ManagerFacts, unit: str, name: str, installed: Installed) -> List[str]:
    """Return the file of a unit and its drop-ins in the order in which systemd reads them.

    Those that the manager has loaded, and those that it would load at its next reload.
    """
    loaded = manager.units.get(unit, Known()).files
    template = f"{name.partition('@')[0]}@.{name.rpartition('.')[2]}" if "@" in name else ""
    names = [each for each in (name, template) if each]
    places = dict.fromkeys((manager.directory, *PLACES))
    own = [f"{place}/{each}" for each in names for place in places]
    first = next((path for path in own if installed.has(path)), "")
    if not first and loaded and installed.has(loaded[0]):
        first = loaded[0]
    by_name: Dict[str, str] = {}
    for path in loaded[1:]:
        if installed.has(path):
            by_name[os.path.basename(path)] = path
    for place in reversed(list(places)):
        for each in reversed(drop_in_names(name, template)):
            for path in installed.listed(f"{glob_escaped(place)}/{glob_escaped(each)}/*.conf"):
                by_name[os.path.basename(path)] = path
    return [first, *(by_name[each] for each in sorted(by_name))] if first else []


def glob_escaped(path: str) -> str:
    """Return a path as a pattern that matches only itself."""
    import glob  # noqa: PLC0415 - loaded already where it is needed

    return glob.escape(path)


def drop_in_names(name: str, template: str) -> List[str]:
    """Return the names of a unit's directories of drop-ins, the most special one first."""
    kind = name.rpartition(".")[2]
    found = []
    for each in filter(None, (name, template)):
        found.append(f"{each}.d")
        stem = each.rpartition(".")[0].partition("@")[0]
        while "-" in stem.rstrip("-"):
            stem = stem.rstrip("-").rpartition("-")[0] + "-"
            found.append(f"{stem}.{kind}.d")
    return [*dict.fromkeys(found), f"{kind}.d"]


def files_for(manager: ManagerFacts, unit: str, installed: Installed) -> List[str]:
    """Return the files that decide about a unit alone; none where its files are not known.

    Of supervisord these are the included files that have its program, and not the main file. Of a
    unit that a generator made it is what that read.
    """
    if manager.name == "systemd":
        source = manager.units.get(unit, Known()).source
        files = files_of(manager, unit, full(unit), installed)
        named = [source if source and path.startswith(GENERATED) else path for path in files]
        return list(dict.fromkeys(named))
    if manager.name == "compose":
        return [manager.main] if manager.main else []
    try:
        found = of_program(manager, unit, installed).files[1:]
        marks = tuple(f"{kind}{name}]" for kind in supervisord.KINDS for name in unit.split(":"))
        return [path for path in found if any(mark in installed.text(path) for mark in marks)]
    except (LookupError, OSError):
        return []
