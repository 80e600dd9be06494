"""What a deploy asks to have saved: read strictly, every fault of the question at once."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ..errors import HostError
from ..files.tree import NAME_MAX, fault, folded
from ..state.backup_set import Release

TEXTS = ("root", "state", "suffix", "system")
CALL = "see 'scripts/create_backups.py --help' for how a deploy names its files"


class SaveRequest(NamedTuple):
    """One question to `backups.save`. `files` and `added` are sorted and relative to `root`."""

    root: str
    state: str
    suffix: str
    system: str
    user: str
    by: str
    previous: Release
    current: Release
    files: tuple[str, ...]
    added: tuple[str, ...]
    replace: bool


def wished(question: dict[str, Any]) -> SaveRequest:
    """Return the question as data.

    Raises:
        HostError: it is malformed; lists every fault.
    """
    said = [
        f"{key} is missing or no text"
        for key in TEXTS
        if not (isinstance(question.get(key), str) and question[key])
    ]
    said += [
        f"{key} needs a name and, where there is one, a commit"
        for key in ("previous", "current")
        if not _is_release(question.get(key))
    ]
    said += [
        f"{key} is no list" for key in ("files", "added") if not isinstance(question.get(key), list)
    ]
    if not said:
        said = _contradictions(question)
    if said:
        raise HostError("; ".join(said), CALL)
    return _wish(question)


def _is_release(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and value["name"] != ""
        and isinstance(value.get("commit"), (str, type(None)))
    )


def _contradictions(question: dict[str, Any]) -> list[str]:
    """Return what is wrong between well-formed parts of a question."""
    said = [
        f"{key} is not absolute: {question[key]}"
        for key in ("root", "state")
        if not question[key].startswith("/")
    ]
    if not question["suffix"].startswith(".") or "/" in question["suffix"]:
        said.append(f"the suffix {question['suffix']!r} does not start with '.', or holds '/'")
    if question["previous"]["name"] == question["current"]["name"]:
        said.append(f"previous and current are one release: {question['current']['name']}")
    return said


def _wish(question: dict[str, Any]) -> SaveRequest:
    return SaveRequest(
        root=question["root"],
        state=question["state"],
        suffix=question["suffix"],
        system=question["system"],
        user=str(question.get("user") or ""),
        by=str(question.get("by") or ""),
        previous=_release(question["previous"]),
        current=_release(question["current"]),
        files=_ordered(question["files"]),
        added=_ordered(question["added"]),
        replace=question.get("replace") is True,
    )


def _release(found: dict[str, Any]) -> Release:
    return Release(found["name"], found.get("commit"))


def _ordered(paths: list[object]) -> tuple[str, ...]:
    """Return paths directory by directory, so that each directory is walked to once."""
    return tuple(sorted(map(str, paths), key=os.path.split))


def path_faults(wish: SaveRequest) -> list[str]:
    """Return what is wrong with the named paths: each alone, and with each other."""
    said: list[str] = []
    seen: dict[str, str] = {}
    if not wish.files + wish.added:
        said.append("no file was named: neither a changed nor an added one")
    for path in wish.files + wish.added:
        why = _fault(path, wish.suffix)
        if why:
            said.append(f"{path!r} {why}")
        elif folded(path) in seen:
            said.append(f"{path!r} is named twice, also as {seen[folded(path)]!r}")
        seen.setdefault(folded(path), path)
    return said


def _fault(path: str, suffix: str) -> str:
    why = fault(path)
    if why:
        return why
    name = path.rpartition("/")[2]
    if name.endswith(suffix):
        return f"is a saved copy itself: it ends in {suffix}"
    if len(os.fsencode(name + suffix)) > NAME_MAX:
        return f"is too long to have {suffix} after it"
    return ""
