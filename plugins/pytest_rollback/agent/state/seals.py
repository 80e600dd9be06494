"""The seals of run folders, written where whoever keeps a folder cannot write: log and state.

The log of the host is journald, which says itself which account wrote a line, or syslog. A seal in
either cannot be taken back; that another one is added later does not matter, the first one counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
from typing import Iterable, Iterator, NamedTuple, Tuple

from ..errors import HostError
from ..messages.state.seals import KeepSealRequest, KeptSeals, KeptSealsRequest, SealKept
from ..system.command import run
from . import directory as places
from .journal import Journal, entries

NAME, EVENT = "seals", "sealed"
IDENTIFIER = "pytest-rollback"
JOURNALD, SYSLOG = "/run/systemd/journal/socket", "/dev/log"
NOTICE = 10 * 8 + 5
"""Facility authpriv, severity notice, as syslog counts them."""

FILES = ("/var/log/auth.log", "/var/log/secure", "/var/log/syslog", "/var/log/messages")
LINE = re.compile(r"(?:^|\s)run (?P<run>\S+) sealed (?P<seal>[0-9a-f]{64})\b")
SAID = re.compile(rf" {IDENTIFIER}(?:\[\d+\])?: (?P<text>run .*)")
PATIENCE = 10.0
MOST = 16 << 20


class HostLog(NamedTuple):
    """What was found in a log: pairs of run and seal, oldest first; `where` is its name."""

    found: Tuple[Tuple[str, str], ...]
    where: str


def keep(request: KeepSealRequest) -> SealKept:
    """Write a seal into the state directory and the host's log; neither has to be there."""
    why = " ".join(request.why.split())
    return SealKept(recorded(request, why), told(f"run {request.run} sealed {request.seal}: {why}"))


def recorded(request: KeepSealRequest, why: str) -> bool:
    """Write a seal into the state directory; return whether there is one that we may write."""
    try:
        os.close(places.opened(request.state))
        journal = Journal(os.path.join(request.state, NAME), request.state)
    except (HostError, OSError):
        return False
    try:
        journal.add(EVENT, run=request.run, seal=request.seal, why=why)
    except OSError:
        return False
    finally:
        journal.close()
    return True


def told(text: str) -> str:
    """Tell the host's log a line; return which one took it, "" where none did."""
    fields = f"MESSAGE={text}\nPRIORITY=5\nSYSLOG_IDENTIFIER={IDENTIFIER}\n"
    for name, path, line in (
        ("journal", JOURNALD, fields),
        ("syslog", SYSLOG, f"<{NOTICE}>{IDENTIFIER}: {text}"),
    ):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.settimeout(1.0)
            peer.connect(path)
            peer.send(line.encode())
            return name
    return ""


def look(request: KeptSealsRequest) -> KeptSeals:
    """Return the seals of a run that this host has."""
    state: Tuple[str, ...] = ()
    with contextlib.suppress(HostError, OSError):
        written = entries(os.path.join(request.state, NAME))
        state = tuple(each["seal"] for each in written if each.get("run") == request.run)
    log = read()
    return KeptSeals(
        state, tuple(seal for name, seal in log.found if name == request.run), log.where
    )


def read() -> HostLog:
    """Return the seals in the host's log, the journal where there is one."""
    argv = ["journalctl", f"SYSLOG_IDENTIFIER={IDENTIFIER}", "-o", "json", "--quiet", "--no-pager"]
    outcome = run([*argv, "--output-fields=MESSAGE,_UID"], PATIENCE, most=MOST)
    if not (outcome.missing or outcome.code or outcome.timed_out) and outcome.out:
        return HostLog(tuple(of_lines(messages(outcome.out))), "the journal")
    for path in FILES:
        with contextlib.suppress(OSError):
            texts = [text for name in (f"{path}.1", path) for text in said(name)]
            if texts:
                return HostLog(tuple(of_lines(texts)), path)
    return HostLog((), "")


def messages(out: str) -> Iterator[str]:
    """Yield the lines of the journal that root, or we, wrote; journald knows the account."""
    ours = {"0", str(os.geteuid())}
    for line in out.split("\n"):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("_UID") in ours and isinstance(entry.get("MESSAGE"), str):
                yield entry["MESSAGE"]


def said(path: str) -> Iterator[str]:
    """Yield what we wrote into a file of syslog; nothing where there is none."""
    if not os.path.isfile(path):
        return
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            found = SAID.search(line)
            if found:
                yield found["text"]


def of_lines(texts: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Yield run and seal of each line that tells a seal."""
    for text in texts:
        found = LINE.search(text)
        if found:
            yield found["run"], found["seal"]
