"""Configuration files: would the programs that read them understand them? No value is reported."""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
from typing import Callable, Iterable

from ..files import read
from ..messages.configuration import ConfigurationFaults, ConfigurationRequest
from ..state import backup_set
from ..system.command import run
from . import env_file, unit_syntax

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
    units = sorted(name for name in names if os.path.dirname(name) == request.source)
    found: dict[str, str | None] = {}
    for name in dict.fromkeys((*request.files, *units)):
        path = f"{root}/{name}{suffix if name in names else ''}"
        kind, unit = ("unit", unit_of(name, request.units)) if name in units else ("", "")
        found[name] = problem(path, suffix, kind, unit)
    if request.verifier:
        clean = [name for name in units if not found[name]]
        found.update(unit_syntax.verified(request.verifier, root, suffix, clean))
    return ConfigurationFaults(found)


def unit_of(path: str, units: Iterable[str]) -> str:
    """Return the unit that a unit file is called like, "" where it is none of the system's."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return stem if stem in units else ""


def problem(path: str, suffix: str, kind: str = "", unit: str = "") -> str | None:
    """Return what is wrong with one file.

    Args:
        path: where it is; it may be a backup.
        suffix: what the name of a backup ends in.
        kind: what is read; told by the name where it is "".
        unit: the unit that a unit file starts, "" for any.
    """
    try:
        content = read.whole(path)
    except OSError as error:
        return error.strerror or "cannot be read"
    if not content.strip():
        return "is empty"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line}: is not UTF-8"
    kind = kind or guessed(path, suffix)
    if kind == "unit":
        return unit_syntax.problem(text, unit)
    return READERS[kind](text) if kind in READERS else None


def guessed(path: str, suffix: str) -> str:
    """Return the kind of a file by its name, which may be that of a backup; "" is any text."""
    name = os.path.basename(path)
    if suffix and name.endswith(suffix):
        name = name[: -len(suffix)]
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
    ".service": "unit",
    ".socket": "unit",
    ".timer": "unit",
}
