"""A previous release that writes, mails and calls: nothing of it reaches the host."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.database.previous.previous import try_previous
from tests.unit.agent.database.previous.conftest import CURRENT, PREVIOUS, Corner

HARM = """
sql("INSERT INTO orders (words) VALUES ('harm')")
import socket
def harm(what):
    try: what()
    except Exception as error: print("refused", error, flush=True)
def mail(family, address):
    one = socket.socket(family); one.settimeout(1); one.connect(address); one.send(b"harm")
harm(lambda: open("{tree}/data/harm", "w").write("harm"))
harm(lambda: open("{home}/spool/harm", "w").write("harm"))
harm(lambda: mail(socket.AF_UNIX, "{home}/mail.sock"))
harm(lambda: mail(socket.AF_INET, ("127.0.0.1", {mail})))
harm(lambda: [mail(socket.AF_UNIX, f"/proc/{each}/root{home}/mail.sock")
    for each in os.listdir("/proc") if each.isdigit()])
harm(lambda: subprocess.run(["{home}/sendmail"], check=True, timeout=2))
"""
SENDMAIL = "#!/bin/sh\necho harm > {home}/spool/mail && echo harm > {home}/queue\n"


class Mailer:
    """A mail program of the host: what it gets, by a socket, a port, and a fifo of its queue."""

    def __init__(self, home: Path) -> None:
        self.home, self.got = home, list[str]()
        self.ends = [socket.socket(socket.AF_UNIX), socket.socket()]
        self.ends[0].bind(str(home / "mail.sock"))
        self.ends[1].bind(("127.0.0.1", 0))
        (home / "mail.sock").chmod(0o777)
        for each in self.ends:
            each.listen()
            threading.Thread(target=self.take, args=(each,), daemon=True).start()
        (home / "spool").mkdir()
        (home / "spool").chmod(0o1777)
        os.mkfifo(home / "queue", 0o666)
        self.queue = os.open(home / "queue", os.O_RDWR | os.O_NONBLOCK)
        (home / "sendmail").write_text(SENDMAIL.replace("{home}", str(home)))
        (home / "sendmail").chmod(0o755)

    def take(self, end: socket.socket) -> None:
        """Take each mail."""
        with contextlib.suppress(OSError):
            while True:
                peer, _ = end.accept()
                self.got.append(peer.recv(100).decode())

    def mails(self) -> list[str]:
        """Return all that came."""
        with contextlib.suppress(BlockingIOError):
            self.got.append(os.read(self.queue, 100).decode())
        return [*self.got, *(each.name for each in (self.home / "spool").iterdir())]


def spoilt(corner: Corner, user: str = "") -> Mailer:
    """Have a previous release that does harm when it starts."""
    mailer = Mailer(corner.home)
    for place in (corner.base.postgres.socket, corner.base.postgres.socket.parent):
        place.chmod(0o755)
    if user:  # what others may change is not started as root
        (corner.root / "data").chmod(0o1777)
    words = HARM.replace("{home}", str(corner.home)).replace("{tree}", str(corner.root))
    words = words.replace("{mail}", str(mailer.ends[1].getsockname()[1]))
    corner.deploy(
        corner.release(PREVIOUS, "1.4.0", words), corner.release(CURRENT, "1.5.0"), user=user
    )
    return mailer


def namespaces() -> set[str]:
    """Return the namespaces in which processes of this host are."""
    found = set()
    for kind in ("net", "mnt", "pid", "user"):
        for each in Path("/proc").glob(f"[0-9]*/ns/{kind}"):
            with contextlib.suppress(OSError):
                found.add(str(each.readlink()))
    return found


def left(scratch: Path) -> list[str]:
    """Return processes and directories of a run."""
    found = [str(each) for each in scratch.iterdir()]
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [each.read_text()] if str(scratch) in each.read_text() else []
    return found


def at_work(corner: Corner) -> bool:
    """Tell whether a process of the release is at work in its tree."""
    for each in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if str(each.readlink()) == str(corner.root):
                return True
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="accounts are root's to choose")
@pytest.mark.parametrize("user", ["", "nobody"])
def test_nothing_that_it_does_reaches_the_host(corner: Corner, scratch: Path, user: str) -> None:
    """Its rows, files and mails are its own: as root, and as an account of its unit."""
    mailer, before = spoilt(corner, user), corner.rows()
    run = corner.tried(scratch)

    assert run.runs[0].problem == ""
    assert corner.rows() == before
    assert (mailer.mails(), list((corner.root / "data").iterdir())) == ([], [])


@pytest.mark.parametrize("point", range(6))
def test_nothing_is_left_of_one_that_was_killed(corner: Corner, scratch: Path, point: int) -> None:
    """At any moment: no process, no namespace, no directory; the live database is as it was."""
    before, rows = namespaces(), corner.rows()
    child = os.fork()
    if not child:
        try:
            try_previous(corner.request(scratch))
        finally:
            os._exit(0)
    time.sleep(1 + point * 2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    until = time.monotonic() + 60
    while (left(scratch) or namespaces() - before) and time.monotonic() < until:
        time.sleep(0.1)

    assert left(scratch) == []
    assert namespaces() - before == set()
    assert corner.rows() == rows


def test_it_ends_once_nobody_waits_for_it(corner: Corner, scratch: Path) -> None:
    """Whoever asked was interrupted: a release that hangs does not keep the next try waiting."""
    slow = corner.release(PREVIOUS, "1.4.0", "time.sleep(600)")
    corner.deploy(slow, corner.release(CURRENT, "1.5.0"))
    reads, answer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        os.dup2(answer, 1)
        os.close(answer)
        try:
            try_previous(corner.request(scratch))
        finally:
            os._exit(0)
    os.close(answer)
    until = time.monotonic() + 60
    while not at_work(corner) and time.monotonic() < until:
        time.sleep(0.1)
    os.close(reads)
    began = time.monotonic()
    os.waitpid(child, 0)

    assert time.monotonic() - began < 60  # its time limit is 400 s
    assert left(scratch) == []
