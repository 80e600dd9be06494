"""The maintenance page that a run wrote: its undo, and the conflicts that prevent it.

Apart from the page's probes, so that what undo sends to a host stays small.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Sequence

from ...errors import HostError
from ...files import lookup, ownership, programs, state
from ...files.tree import Tree
from ...state import evidence
from ...system.command import CommandResult, run, surroundings

COMMAND = 30.0
"""Seconds that the check and the reload of the edge may take, each."""


def digest(page: str) -> str:
    """Return the hash of a page that is there, "" of one that is not."""
    above, name = os.path.split(page)
    with Tree(above) as tree:
        return state.live(tree, name).sha256


def standing(store: str, written: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return the conflicts that prevent the undo of the page; `store` has the one from before."""
    known: dict[str, set[str]] = {}
    for entry in written:
        known.setdefault(entry["page"], set()).update((entry["before"], entry["after"]))
    return [
        (page, f"the maintenance page {page} is not the one that was written")
        for page, ours in known.items()
        if lookup.kind(page, follow=False) and digest(page) not in ours
    ] + [
        (each["page"], why)
        for each in written
        if digest(each["page"]) != each["before"]
        for why in evidence.changed(
            [(f"{store}/replaced/{os.path.basename(each['page'])}", each["before"])]
        )
    ]


def take_back(folder: str, entry: dict[str, Any]) -> int:
    """Undo one writing of the page, from any point of it; return whether something changed.

    The page of somebody else that was there before has its place again.

    Raises:
        HostError: the page is neither that one nor ours.
    """
    above, name = os.path.split(entry["page"])
    with Tree(above) as tree, tree.naming(name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f".rollback-{entry['run']}-page.new", dir_fd=tree.root)
        side = state.live(tree, name)
        if side.sha256 == entry["before"]:
            return 0
        if side.kind != state.ABSENT and side.sha256 != entry["after"]:
            raise HostError(
                f"the maintenance page {entry['page']} was written by somebody else", "remove it"
            )
        if entry["before"]:
            with Tree(os.path.join(folder, evidence.FOLDER)) as store:
                evidence.copy(store.parent(f"replaced/{name}"), (tree.root, name))
        else:
            os.unlink(name, dir_fd=tree.root)
        os.fsync(tree.root)
    return 1


def tell(check: Sequence[str], reload: Sequence[str]) -> None:
    """Have the edge check its configuration, then reload; a command without words is none."""
    for argv, what in ((check, "check"), (reload, "reload")):
        if argv:
            carried_out(argv, COMMAND, f"{what} of the edge")


def carried_out(
    argv: Sequence[str], timeout: float, what: str, kind: str = "unfinished"
) -> CommandResult:
    """Run a command as whoever can change it, or as we are; return what it printed.

    Raises:
        HostError: it failed, or took longer than `timeout` seconds; `what` names it.
    """
    user = ownership.runner(programs.of_command(argv, surroundings()["PATH"]))
    outcome = run(argv, timeout, user=user)
    if outcome.timed_out or outcome.code:
        words = f"timed out after {timeout:.0f} s" if outcome.timed_out else outcome.words
        words += f" (run as {user}, who can change it: namei -l it)" if user else ""
        raise HostError(
            f"the {what} failed: {words}",
            f"on the host: {' '.join(argv)}; then run the same command again",
            kind,
        )
    return outcome
