"""Configuration files: would the programs that read them understand them? No value is reported."""

from __future__ import annotations

import configparser
import contextlib
import json
import os
import re
import sys
from typing import Callable, NamedTuple

from ..files import read
from ..messages.configuration import ConfigurationFaults, ConfigurationRequest
from ..state import backup_set
from ..system.command import run
from . import env_file
from .units import check as unit_check
from .units import manager as managers
from .units import sources, verify

Reader = Callable[[str], unit_check.UnitFaults]
KINDS_OF_UNITS = managers.KINDS
UNCHECKED = "could not be checked"
"""How a problem begins that says nothing about the file."""


def look(request: ConfigurationRequest) -> ConfigurationFaults:
    """Return what is wrong with each configuration file as a rollback would leave it.

    Of recorded files the backups are read, and the others as they are.

    Raises:
        HostError: there is no record that can be used.
    """
    root, state, suffix, _ = request.location
    names = {saved.path for saved in backup_set.read(state).files}
    units = sorted(name for name in names if name.startswith(f"{request.source}/"))
    by_systemd = environment_files(request)
    found: dict[str, str | None] = {}
    warned: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys((*request.files, *units)):
        path = f"{root}/{name}{suffix if name in names else ''}"
        read_: Reader | None = None
        if name in units:
            read_ = UnitFileKind(os.path.basename(name), request).read
        elif os.path.realpath(f"{root}/{name}") in by_systemd:
            read_ = env_by_systemd
        found[name], warned[name] = faults(path, suffix, read_)
    if request.verifier:
        clean = [name for name in units if not found[name] and name.endswith(KINDS_OF_UNITS)]
        found.update(verify.verified(request.verifier, root, suffix, clean))
    return ConfigurationFaults(found, {name: each for name, each in warned.items() if each})


def environment_files(request: ConfigurationRequest) -> set[str]:
    """Return the real paths of the files that systemd reads variables from, of all units."""
    if request.manager != "systemd":
        return set()
    known = managers.ManagerFacts(request.manager, request.directory, {})
    listed = [file for unit in request.units for file in managers.file_names("systemd", unit)]
    installed = sources.to_come(request.location, request.source, request.directory, listed)
    found: set[str] = set()
    for unit in request.units:
        with contextlib.suppress(LookupError, OSError):
            files = managers.defined(known, unit, installed).environment_files
            found.update(os.path.realpath(file.path) for file in files)
    return found


class UnitFileKind(NamedTuple):
    """Reads a unit file: its own name, and the request that it is about."""

    name: str
    request: ConfigurationRequest

    def read(self, text: str) -> unit_check.UnitFaults:
        """Return what is wrong with its text."""
        unit = unit_check.unit_of(self.name, self.request.units)
        return unit_check.faults(self.name, text, unit, self.request.manager)


def env_by_systemd(text: str) -> unit_check.UnitFaults:
    """Return what systemd makes of an environment file: what it ignores is not set."""
    found = env_file.systemd(text)
    problem = next((f"line {one.line}: {one.problem}" for one in found if one.problem), "")
    ignored = (f"line {one.line}: {one.warning}" for one in found if one.warning)
    return unit_check.UnitFaults(problem, tuple(ignored))


def problem(path: str, suffix: str, read_: Reader | None = None) -> str | None:
    """Return what is wrong with one file: see `faults`."""
    return faults(path, suffix, read_)[0]


def faults(
    path: str, suffix: str, read_: Reader | None = None
) -> tuple[str | None, tuple[str, ...]]:
    """Return what is wrong with one file, and what its reader ignores.

    Args:
        path: where it is; it may be a backup.
        suffix: what the name of a backup ends in.
        read_: what reads it; told by the name where it is None.
    """
    try:
        content = read.whole(path)
    except OSError as error:
        return error.strerror or "cannot be read", ()
    if not content.strip():
        return "is empty", ()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line}: is not UTF-8", ()
    if read_ is not None:
        found = read_(text)
        return found.problem or None, found.warnings
    name = os.path.basename(path)
    name = name[: -len(suffix)] if suffix and name.endswith(suffix) else name
    if name.endswith(KINDS_OF_UNITS):
        found = unit_check.faults(name, text, "", "systemd")
        return found.problem or None, found.warnings
    kind = guessed(name)
    return (READERS[kind](text) if kind in READERS else None), ()


def guessed(name: str) -> str:
    """Return the kind of a file by its name; "" is any text."""
    if name.startswith(".env") or name.endswith(".env"):
        return "env"
    return KINDS.get(os.path.splitext(name)[1], "")


def env(text: str) -> str | None:
    """Return the first line of an environment file that is no setting."""
    wrong = next((entry for entry in env_file.entries(text) if entry.problem), None)
    return f"line {wrong.line}: {wrong.problem}" if wrong else None


def json_(text: str) -> str | None:
    """Return the line at which a JSON document goes wrong."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    return None


def ini(text: str) -> str | None:
    """Return the first line of an INI file that belongs nowhere."""
    try:
        configparser.RawConfigParser(strict=True).read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(iter(getattr(error, "errors", ())), (0,))[0]
        return f"line {line}: {INI.get(type(error), 'cannot be read')}"
    return None


INI: dict[type[configparser.Error], str] = {
    configparser.MissingSectionHeaderError: "comes before any section",
    configparser.DuplicateOptionError: "is set twice",
    configparser.DuplicateSectionError: "is a section that exists already",
}


def toml(text: str) -> str | None:
    """Return the line at which a TOML document goes wrong; needs a Python that reads TOML."""
    try:
        import tomllib  # noqa: PLC0415 - not in every Python that we run on
    except ImportError:  # pragma: no cover - a Python before 3.11
        return f"{UNCHECKED}: the host's Python is older than 3.11"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        return (
            f"line {where[1]}: is not valid TOML"
            if where
            else "is not valid TOML: it ends too early"
        )
    return None


def yaml(text: str) -> str | None:
    """Return the line at which a YAML document goes wrong; needs PyYAML on the host."""
    # Another process: ours has no site-packages, so that nothing of the host can get into it.
    outcome = run([sys.executable, "-c", YAML], 20.0, stdin=text.encode("utf-8", "replace"))
    if outcome.code == 0:
        return outcome.out.strip() or None
    return f"{UNCHECKED}: the host's Python has no PyYAML"


YAML = """
import sys, yaml
try:
    for _ in yaml.safe_load_all(sys.stdin.buffer.read().decode()):
        pass
except yaml.YAMLError as error:
    mark = getattr(error, "problem_mark", None)
    print(f"line {mark.line + 1}: is not valid YAML" if mark else "is not valid YAML")
"""

READERS: dict[str, Callable[[str], str | None]] = {
    "env": env,
    "json": json_,
    "ini": ini,
    "toml": toml,
    "yaml": yaml,
}
KINDS = {
    ".json": "json",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".ini": "ini",
    ".cfg": "ini",
}
