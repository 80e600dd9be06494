"""What a command line runs, and a process by that: the script of an interpreter, of which root."""

from __future__ import annotations

import os
import re
from typing import List, Tuple

from ..messages.services.running import NamedProcess
from .processes import Process, began, proc

INTERPRETER = re.compile(
    r"(?:python|pypy|perl|ruby|php|node|nodejs|lua|java|bun|deno|bash|dash|sh|zsh|ksh)[\d.]*"
)

Places = Tuple[str, ...]
"""Roots, with a slash at their end, as they are named and as they are; a file has no slash."""

GONE = " (deleted)"
"""How the kernel marks a path that is gone."""


def is_of(path: str, places: Places) -> bool:
    """Return whether a path lies in one of the places, or is one that is a file, gone or not."""
    return path.startswith(places) and any(
        path.startswith(each) and (each.endswith("/") or path[len(each) :] in ("", GONE))
        for each in places
    )


def command_below(said: List[str], directory: str, places: Places) -> str:
    """Return what a unit's command runs below the root, or where it works there; "" for nothing."""
    script = script_of(said)
    for path in (*said[:1], os.path.normpath(os.path.join(directory, script)) if script else ""):
        if is_of(path, places):
            return path
    return directory if is_of(f"{directory}/", places) else ""


def script_of(said: List[str]) -> str:
    """Return what an interpreter was told to run, "" where a command line is of none."""
    if not said or not INTERPRETER.fullmatch(os.path.basename(said[0].lstrip("-"))):
        return ""
    for word in said[1:]:
        if word in {"-c", "-m", "-e", "-"}:
            return ""
        if not word.startswith("-"):
            return word
    return ""


def module_of(said: List[str]) -> List[str]:
    """Return the words of a command line that name a module to run, nothing where none does."""
    return said[said.index("-m") :][:2] if "-m" in said else []


def runs(said: List[str]) -> str:
    """Return the name of what a command line runs: of a script, of a module, or of a program."""
    script = os.path.basename(script_of(said))
    if script or not said:
        return script
    name = os.path.basename(said[0].lstrip("-"))
    return " ".join(module_of(said)) if INTERPRETER.fullmatch(name) else name


def described(one: Process) -> NamedProcess:
    """Return a process for people: program and script only, since options may hold secrets."""
    said = words(one.pid)
    script = script_of(said) or " ".join(module_of(said))
    command = f"{said[0]} {script}".strip() if said else _name(one.pid)
    try:
        directory = os.readlink(f"/proc/{one.pid}/cwd")
    except OSError:
        directory = ""
    return NamedProcess(one.pid, command, directory, began(one))


def words(pid: int) -> List[str]:
    """Return the command line of a process; nothing where it has none or is gone."""
    return [word for word in os.fsdecode(proc(pid, "cmdline")).split("\0") if word]


def _name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "?"
