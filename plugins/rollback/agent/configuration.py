"""Configuration files: would the program that reads them understand them? No value is ever told."""

from __future__ import annotations

import configparser
import json
import os
import re
from typing import Any, Callable

from . import envfile, reading, unitfile


def look(question: dict[str, Any]) -> dict[str, str | None]:
    """Return what is wrong with each file, with its line, or None; `suffix` is that of backups."""
    suffix = question.get("suffix", "")
    return {asked["path"]: problem(asked, suffix) for asked in question["files"]}


def problem(asked: dict[str, Any], suffix: str) -> str | None:
    """Return what is wrong with one file."""
    try:
        content = reading.whole(asked["path"])
    except OSError as error:
        return error.strerror or "cannot be read"
    if not content.strip():
        return "is empty"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line}: is not UTF-8"
    kind = asked.get("kind") or guessed(asked["path"], suffix)
    if kind == "unit":
        return unitfile.problem(text, asked.get("unit_name") or "")
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
    wrong = next((entry for entry in envfile.entries(text) if entry.problem), None)
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
    configparser.DuplicateSectionError: "is a section that was there before",
}


def toml(text: str) -> str | None:
    """Return the line at which a TOML document goes wrong; needs a Python that reads TOML."""
    try:
        import tomllib  # noqa: PLC0415 - not in every Python that we run on
    except ImportError:
        return "could not be checked: the host's Python is older than 3.11"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        return f"line {where[1]}: is no TOML" if where else "is no TOML: it ends too early"
    return None


def yaml(text: str) -> str | None:
    """Return the line at which a YAML document goes wrong; needs PyYAML on the host."""
    try:
        import yaml as reader  # type: ignore[import-untyped]  # noqa: PLC0415 - not on every host
    except ImportError:
        return "could not be checked: the host's Python has no PyYAML"
    try:
        for _ in reader.safe_load_all(text):
            pass
    except reader.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return f"line {mark.line + 1}: is no YAML" if mark else "is no YAML"
    return None


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
