"""Formats of configuration files, each read by its own definition. No value is reported."""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
from typing import Callable, Mapping

from ..files import lookup, reach
from ..files.metadata import FileEntry
from ..messages.configuration import is_too_deep
from ..messages.location import is_below
from ..state.releases.copies import Copies
from ..system.command import run
from . import env_file
from .units import check as unit_check
from .units.definition import KINDS as KINDS_OF_UNITS

Reader = Callable[[str], unit_check.UnitFaults]
UNCHECKED = "could not be checked"
"""How a problem begins that says nothing about the file."""


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
        content = reach.whole(path)
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
    except (ValueError, RecursionError):
        return TOO_MUCH
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
    if is_too_deep(text):
        return TOO_MUCH
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        return (
            f"line {where[1]}: is not valid TOML"
            if where
            else "is not valid TOML: it ends too early"
        )
    except (ValueError, RecursionError):
        return TOO_MUCH
    return None


def yaml(text: str) -> str | None:
    """Return the line at which a YAML document goes wrong; needs PyYAML on the host."""
    # Another process: ours has no site-packages, so that nothing of the host can get into it.
    # It looks into no directory that somebody left us in (-I): a yaml.py there would be run.
    argv = [sys.executable, "-I", "-c", YAML]
    outcome = run(argv, PATIENCE, stdin=text.encode("utf-8", "replace"))
    if outcome.code == 0:
        return outcome.out.strip() or None
    if outcome.code == NO_YAML:
        return f"{UNCHECKED}: the host's Python has no PyYAML"
    return TOO_MUCH


TOO_MUCH = "has more digits in a number, or more values inside each other, than can be read"
PATIENCE, NO_YAML = 20.0, 3
"""Seconds for reading a YAML document, and what its reader ends with where it has no PyYAML."""

YAML = """
import sys
try:
    import yaml
except ImportError:
    sys.exit(3)
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

LINKS = 40
"""Links that are followed from one to the next, as the kernel does."""


def restored(root: str, where: Copies, files: Mapping[str, FileEntry], name: str) -> str:
    """Return where what a path holds after a restore is read now: its backup, if it is recorded.

    A recorded link may lead to another recorded path, which is perhaps not there before the
    restore: then it is the backup of that one. It may also lie on the way to the path, as where
    releases have directories of their own; while it is as recorded, and its backup put away, it is
    gone through as it is.
    """
    path = ""
    for _ in range(LINKS):
        above = _link_above(files, name)
        at = above or name
        entry = files.get(at)
        path = where.place(at) if entry else os.path.join(root, at)
        if entry is None or not entry.is_link:
            break
        try:
            to = lookup.target(path)
        except OSError:
            if above:
                return os.path.join(root, name)
            break  # whoever reads it says what is wrong
        end = os.path.normpath(os.path.join(root, os.path.dirname(at), to)) + name[len(at) :]
        if not is_below(end, [root]):
            return end if above else path
        name = os.path.relpath(end, root)
    return path


def _link_above(files: Mapping[str, FileEntry], name: str) -> str:
    """Return the first recorded link on the way to a path, "" where there is none."""
    parts = name.split("/")
    paths = ("/".join(parts[:end]) for end in range(1, len(parts)))
    return next((path for path in paths if path in files and files[path].is_link), "")
