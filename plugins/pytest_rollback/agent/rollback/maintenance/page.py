"""The maintenance page: is it there and ours, what do users get; putting it on, taking it off."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time

from ...errors import HostError
from ...files import handles, reach
from ...files.handles import FRESH
from ...files.tree import Tree
from ...messages.location import ChangeTime, Location
from ...messages.probes.sample import ProbeRequest, ProbeSpec
from ...messages.rollback.maintenance import PageRequest, PageState
from ...observe.probes import sample
from ...state import evidence
from ...state.journal import entries
from ...state.lock import CHANGES, ExclusiveRun, folder_of, working
from . import commands
from .page_file import digest, tell

PATIENCE = 10.0
"""Seconds for the edge to answer differently after its reload, which some do in the background."""

PAUSE = 0.1
MODE = 0o644


def look(request: PageRequest) -> PageState:
    """Return whether the page exists, of what kind it is, whether it has our text, its effect."""
    edge = unmet(request.probe) if request.probe else None
    if request.commands:
        on_ = commands.is_shown(request.commands)
        return PageState(on_, "file" if on_ else "absent", ours=on_, edge=edge, reloaded=True)
    try:
        kind = kind_of(reach.status(request.page, follow=False).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = "absent"
    text = reach.text(request.page, follow=False) if kind == "file" else None
    return PageState(
        exists=kind != "absent",
        kind=kind,
        ours=text is not None and text.strip() == request.text.strip(),
        edge=edge,
        reloaded=is_reloaded(request.location),
    )


def kind_of(mode: int) -> str:
    """Return file, symlink or directory; everything else is other."""
    kind = handles.kind_of(mode)
    return kind if kind in ("file", "symlink", "directory") else "other"


def unmet(probe: ProbeSpec) -> str | None:
    """Return what is wrong with what users get, None when it is what the probe wants."""
    return sample.ask(ProbeRequest(probe)).wrong


def is_reloaded(location: Location) -> bool:
    """Return whether the run had the edge reload after its last change of the page."""
    folder = folder_of(location)
    if folder is None:
        return False
    events = [each["event"] for each in entries(os.path.join(folder, CHANGES))]
    told = [event for event in events if event in {"page on", "page off", "page told"}]
    return bool(told) and told[-1] == "page told"


def on(request: PageRequest) -> ChangeTime:
    """Write the page in one step, have the edge check and reload, and wait for its effect.

    Raises:
        HostError: the page is a link or worse; the check or the reload fails; users get no page.
    """
    with working(request.location) as work:
        found = look(request._replace(probe=None))
        if request.commands:
            return _switched(request, work, found, shown=True)
        _refuse(request.page, found)
        if not found.ours:
            before = digest(request.page) if found.exists else ""
            after = hashlib.sha256(_content(request)).hexdigest()
            facts = {"page": request.page, "before": before, "after": after}
            work.journal.add("page on", run=request.location.run, **facts)
            _write(request, work, exists=found.exists)
        return _told(request, work)


def off(request: PageRequest) -> ChangeTime:
    """Move the page into the evidence, have the edge check and reload, and wait for its effect."""
    with working(request.location) as work:
        found = look(request._replace(probe=None))
        if request.commands:
            return _switched(request, work, found, shown=False)
        _refuse(request.page, found)
        if found.exists:
            work.journal.add("page off", page=request.page)
            above, name = os.path.split(request.page)
            evidence.put_away(work, "page", above, [name])
        return _told(request, work)


def _switched(
    request: PageRequest, work: ExclusiveRun, found: PageState, *, shown: bool
) -> ChangeTime:
    """Have the commands switch maintenance, and wait for its effect."""
    if request.commands and found.exists != shown:
        if shown:
            commands.note(work, request.commands)
        else:
            work.journal.add("page off", page="")
        commands.switch(request.commands, shown=shown)
    return _told(request, work)


def _refuse(page: str, found: PageState) -> None:
    if found.kind not in {"file", "absent"}:
        raise HostError(
            f"the maintenance page {page} is a {found.kind}, not a file",
            f"ls -ld {page}; then remove it",
        )


def _content(request: PageRequest) -> bytes:
    return request.text.encode("utf-8", "surrogateescape") + b"\n"


def _write(request: PageRequest, work: ExclusiveRun, *, exists: bool) -> None:
    """Give the page its name when it is whole; somebody else's page is kept in the evidence."""
    above, name = os.path.split(request.page)
    new = f".rollback-{request.location.run}-page.new"
    with Tree(above) as tree, Tree(evidence.home(work)) as store, tree.naming(name):
        if exists:
            evidence.make(store, "replaced")
            evidence.copy((tree.root, name), store.parent(f"replaced/{name}"))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=tree.root)
        with os.fdopen(os.open(new, FRESH, MODE, dir_fd=tree.root), "wb") as file:
            file.write(_content(request))
            file.flush()
            os.fchmod(file.fileno(), MODE)
            os.fsync(file.fileno())
        os.rename(new, name, src_dir_fd=tree.root, dst_dir_fd=tree.root)
        os.fsync(tree.root)


def _told(request: PageRequest, work: ExclusiveRun) -> ChangeTime:
    """Have the edge check its configuration, then reload, and wait until users get the effect."""
    started = time.monotonic()
    tell(request.check, request.reload)
    if request.probe:
        _awaited(request.probe, time.monotonic() + PATIENCE)
    work.journal.add("page told")
    return ChangeTime(time.monotonic() - started)


def _awaited(probe: ProbeSpec, until: float) -> None:
    """Wait until users get what the probe wants."""
    while True:
        wrong = unmet(probe)
        if wrong is None:
            return
        if time.monotonic() > until:
            raise HostError(
                f"{probe.url} does not answer as expected: {wrong}",
                "check that the edge uses this page and that no cache keeps it: page, reload and "
                "status in [maintenance]",
                "unfinished",
            )
        time.sleep(PAUSE)
