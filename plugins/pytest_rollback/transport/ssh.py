"""One ssh connection, opened once and shared by everything that a run asks; closed at its end.

Somebody who starts several runs about one host, one after the other, lends them a connection of his
own: it is theirs as long as it holds, and each opens one for itself where it does not.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_rollback.errors import Unreachable
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.transport.diagnosis import SSH, last, meant

LONGEST = 80
"""Characters of a socket's path that ssh takes everywhere: it makes it longer for a moment."""

PATIENCE = 20.0
"""Seconds for a connection to be open: found, keys exchanged, logged in."""

IDLE = 300
"""Seconds after which an idle connection ends."""

FOLDER = "rollback-"
"""How the folder of a connection begins; the number of its process follows."""

LENT = "ROLLBACK_SSH_LINE"
"""The variable that tells a run of the connection it may use: its folder, and where it leads."""

AT_ONCE = 2.0
"""Seconds for whoever holds a connection to take us up."""

OPTIONS = (
    "BatchMode=yes",
    "ConnectTimeout=5",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
)


class SshLine:
    """What everything that is asked of a host over ssh goes through.

    Args:
        connection: as in `[target]`: `ssh://user@host:port?ssh_config=PATH`.
        where: how messages name it.

    Its socket lies in `folder`.
    """

    takes_data = False

    def __init__(self, connection: str, where: str) -> None:
        from testinfra.backend import parse_hostspec  # noqa: PLC0415 - with testinfra itself
        from testinfra.backend.base import BaseBackend  # noqa: PLC0415

        spec, self._chosen = parse_hostspec(connection)
        self.host, self.where = BaseBackend.parse_hostspec(spec), where
        self.folder, self.connection = short_folder(), connection
        self._lender = _lender(connection)
        exit_ = [*self._command("no"), "-O", "exit", self.host.name]
        self._end = weakref.finalize(self, _end, self.folder, exit_)
        self._open = False

    @property
    def options(self) -> str:
        """What testinfra passes to ssh."""
        return " ".join(f"-o {option}" for option in self._options("no"))

    def _options(self, master: str) -> Iterable[str]:
        if "timeout" in self._chosen:
            yield f"ConnectTimeout={self._chosen['timeout']}"  # ssh takes the first
        yield from OPTIONS
        yield f"ControlMaster={master}"
        yield f"ControlPath={self.folder}/c"

    def _command(self, master: str) -> list[str]:
        """Return ssh with everything but the host and what it is to do there."""
        told = (("-l", self.host.user), ("-p", self.host.port))
        files = (("-F", "ssh_config"), ("-i", "ssh_identity_file"))
        named = [*told, *((flag, self._chosen.get(key)) for flag, key in files)]
        options = [("-o", option) for option in self._options(master)]
        return ["ssh", *(word for pair in [*named, *options] if pair[1] for word in pair)]

    @property
    def loan(self) -> dict[str, str]:
        """The environment of a process that may use this connection; we keep it open meanwhile."""
        return {LENT: f"{self.folder} {self.connection}"}

    def _borrowed(self) -> bool:
        """Take up what was lent to us, once: where we are asked again, it broke."""
        lender, self._lender = self._lender, None
        if lender is None or not _answers(lender):
            return False
        (self.folder / "c").symlink_to(lender)
        return True

    def open(self) -> None:
        """Open the connection where it is not.

        Raises:
            Unreachable: it cannot be opened, and why.
        """
        if self._open:
            return
        (self.folder / "c").unlink(missing_ok=True)
        if self._borrowed():
            self._open = True
            return
        # No command, only the connection: a session of its own would run the user's whole profile.
        alone = ("-f", "-N", "-o", f"ControlPersist={IDLE}")
        command = [*self._command("yes"), *alone, self.host.name]
        # A file, not a pipe: what stays in the background would keep a pipe open.
        with tempfile.TemporaryFile(dir=self.folder) as said:
            with PROGRESS.waiting(f"opens the connection to {self.where}", PATIENCE):
                code = self._run(command, said.fileno())
            said.seek(0)
            words = said.read().decode("utf-8", "replace")
        if code == 255:  # noqa: PLR2004 - ssh's own failure, whatever the host would have said
            raise self.trouble(words)
        self._open = True

    def _run(self, command: list[str], said: int) -> int:
        silent = subprocess.DEVNULL
        try:
            return subprocess.run(
                command, stdin=silent, stdout=silent, stderr=said, timeout=PATIENCE, check=False
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise Unreachable(
                f"no ssh login on {self.where} within {PATIENCE:.0f} s",
                hint=f"try it by hand: {self.by_hand} true",
            ) from error
        except FileNotFoundError as error:
            raise Unreachable(
                f"ssh is not installed here; it is needed for {self.where}",
                hint="install the OpenSSH client",
            ) from error

    @property
    def by_hand(self) -> str:
        """The command with which a person tries the same."""
        user = f"{self.host.user}@" if self.host.user else ""
        port = f"-p {self.host.port} " if self.host.port else ""
        return f"ssh {port}{user}{self.host.name}"

    def reached(self, *, sudo: bool) -> Any:  # noqa: ANN401 - testinfra ships no types
        """Return testinfra's host: whatever it asks goes through this connection."""
        import testinfra  # noqa: PLC0415 - only runs that reach a host pay for it

        return testinfra.get_host(self.connection, sudo=sudo, ssh_extra_args=self.options)

    def trouble(self, said: str) -> Unreachable:
        """Return the error that what ssh said stands for."""
        words = {"where": self.where, "host": self.host.name, "ssh": self.by_hand, "python": ""}
        return meant(SSH, said, **words) or Unreachable(
            f"{self.where} cannot be reached: {last(said) or 'no output of ssh'}",
            hint=f"try it by hand: {self.by_hand} true",
        )

    def lost(self) -> None:
        """Take note that the connection broke: the next question opens it again."""
        self._open = False

    def close(self) -> None:
        """End the connection, and leave nothing behind; again is fine."""
        self._open = False
        self._end()


def _lender(connection: str) -> Path | None:
    """Return the socket of the connection that was lent to us; None where there is none."""
    folder, _, leads = os.environ.get(LENT, "").partition(" ")
    return Path(folder) / "c" if folder and leads == connection else None


def _answers(path: Path) -> bool:
    """Return whether somebody holds the connection behind a socket open."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(AT_ONCE)
        try:
            line.connect(str(path))
        except OSError:
            return False
    return True


def short_folder() -> Path:
    """Return a new private directory with a path that is short enough for a socket.

    Those that killed processes have left there are removed first.
    """
    usual = tempfile.gettempdir()
    short = len(usual) < LONGEST - len("/rollback-4194304-12345678/c")
    home = Path(usual if short else os.sep + "tmp")
    for each in home.glob(f"{FOLDER}[0-9]*-*"):
        _sweep(each)
    return Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=home))


def _sweep(folder: Path) -> None:
    """Remove a folder of a process that has ended, unless its connection is open still.

    Only the socket in it is taken away, so that of another folder with such a name nothing is.
    """
    number = folder.name.removeprefix(FOLDER).partition("-")[0]
    try:
        if number.isdecimal() and folder.stat().st_uid == os.geteuid():
            os.kill(int(number), 0)
    except ProcessLookupError:
        with contextlib.suppress(OSError):
            line = folder / "c"
            if line.is_symlink() or (line.is_socket() and not _answers(line)):
                line.unlink()
            folder.rmdir()
    except (OSError, OverflowError):  # it is gone, or another account's
        return


def _end(folder: Path, exit_: list[str]) -> None:
    silent = subprocess.DEVNULL
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        if (folder / "c").exists() and not (folder / "c").is_symlink():
            subprocess.run(
                exit_, stdin=silent, stdout=silent, stderr=silent, timeout=5, check=False
            )
    shutil.rmtree(folder, ignore_errors=True)
