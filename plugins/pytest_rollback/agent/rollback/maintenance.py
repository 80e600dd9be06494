"""The maintenance page: is it there and ours, what do users get; putting it on, taking it off."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import Any

from ..errors import HostError
from ..files import read
from ..files import tree as files_tree
from ..files.copy import FRESH
from ..files.tree import Tree
from ..messages.probes import ProbeRequest, ProbeSpec
from ..observe.probes import sample
from ..state import evidence
from ..state.journal import entries
from ..state.lock import CHANGES, ExclusiveRun, folder_of, working
from .page_file import digest, tell

PATIENCE = 10.0
"""Seconds for the edge to answer differently after its reload, which some do in the background."""

PAUSE = 0.1
MODE = 0o644


def look(question: dict[str, Any]) -> dict[str, Any]:
    """Return whether the page exists, of what kind it is, whether it says our text, and its effect.

    `edge` is what the answer of the question's `probe` lacks, None when it is as it should be or
    there is no probe; `reloaded` says that this run has had the edge reload since it wrote.
    """
    page = question["page"]
    try:
        kind = kind_of(os.lstat(page).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = "absent"
    text = read.text(page, follow=False) if kind == "file" else None
    ours = text is not None and text.strip() == question["text"].strip()
    probe = question.get("probe")
    return {
        "exists": kind != "absent",
        "kind": kind,
        "ours": ours,
        "edge": unmet(probe) if probe else None,
        "reloaded": is_reloaded(question),
    }


def kind_of(mode: int) -> str:
    """Return file, symlink or directory; everything else is other."""
    kind = files_tree.kind_of(mode)
    return kind if kind in ("file", "symlink", "directory") else "other"


def unmet(probe: dict[str, Any]) -> str | None:
    """Return what is wrong with what users get, None when it is what the probe wants."""
    return sample.ask(ProbeRequest(ProbeSpec(**probe))).wrong


def is_reloaded(question: dict[str, Any]) -> bool:
    """Tell whether the question's run had the edge reload after its last change of the page."""
    folder = folder_of(question) if question.get("state") else None
    if folder is None:
        return False
    events = [each["event"] for each in entries(os.path.join(folder, CHANGES))]
    told = [event for event in events if event in {"page on", "page off", "page told"}]
    return bool(told) and told[-1] == "page told"


def on(question: dict[str, Any]) -> dict[str, Any]:
    """Write the page in one step, have the edge check and reload, and wait for its effect.

    Raises:
        HostError: the page is a link or worse; the check or the reload fails; users get no page.
    """
    with working(question) as work:
        found = look({**question, "probe": None})
        _refuse(question, found)
        if not found["ours"]:
            before = digest(question["page"]) if found["exists"] else ""
            after = hashlib.sha256(_content(question)).hexdigest()
            facts = {"page": question["page"], "before": before, "after": after}
            work.journal.add("page on", run=question["run"], **facts)
            _write(question, work, exists=found["exists"])
        return _told(question, work)


def off(question: dict[str, Any]) -> dict[str, Any]:
    """Move the page into the evidence, have the edge check and reload, and wait for its effect."""
    with working(question) as work:
        found = look({**question, "probe": None})
        _refuse(question, found)
        if found["exists"]:
            work.journal.add("page off", page=question["page"])
            above, name = os.path.split(question["page"])
            evidence.put_away(work, "page", above, [name])
        return _told(question, work)


def _refuse(question: dict[str, Any], found: dict[str, Any]) -> None:
    if found["kind"] not in {"file", "absent"}:
        page = question["page"]
        raise HostError(
            f"the maintenance page {page} is a {found['kind']}; nothing is written through it",
            f"see who made it: ls -ld {page}; then take it away",
        )


def _content(question: dict[str, Any]) -> bytes:
    return str(question["text"]).encode("utf-8", "surrogateescape") + b"\n"


def _write(question: dict[str, Any], work: ExclusiveRun, *, exists: bool) -> None:
    """Give the page its name when it is whole; somebody else's page is kept in the evidence."""
    above, name = os.path.split(question["page"])
    new = f".rollback-{question['run']}-page.new"
    with Tree(above) as tree, Tree(evidence.home(work)) as store, tree.naming(name):
        if exists:
            evidence.make(store, "replaced")
            evidence.copy((tree.root, name), store.parent(f"replaced/{name}"))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=tree.root)
        with os.fdopen(os.open(new, FRESH, MODE, dir_fd=tree.root), "wb") as file:
            file.write(_content(question))
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        os.rename(new, name, src_dir_fd=tree.root, dst_dir_fd=tree.root)
        os.fsync(tree.root)


def _told(question: dict[str, Any], work: ExclusiveRun) -> dict[str, Any]:
    """Have the edge check its configuration, then reload, and wait until users get the effect."""
    started = time.monotonic()
    tell(question)
    probe = question.get("probe")
    if probe:
        _awaited(probe, time.monotonic() + PATIENCE)
    work.journal.add("page told")
    return {"seconds": time.monotonic() - started}


def _awaited(probe: dict[str, Any], until: float) -> None:
    """Wait until users get what the probe wants."""
    while True:
        wrong = unmet(probe)
        if wrong is None:
            return
        if time.monotonic() > until:
            raise HostError(
                f"{probe['url']} does not follow the maintenance page: {wrong}",
                "see whether the edge is routed by this page: [maintenance] page, reload, status",
                "unfinished",
            )
        time.sleep(PAUSE)
