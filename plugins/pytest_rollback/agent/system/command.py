"""Runs one command: an argv, a deadline for its whole group, output that cannot block us."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..errors import HostError, shortened
from ..files import ownership

if TYPE_CHECKING:
    from typing import Callable, Mapping, Sequence

MOST = 1 << 20
"""Bytes of each stream that are kept, unless the caller wants more."""

FLOOD = 64 << 20
"""Bytes of one stream beyond what is kept at which a command is ended."""

GRACE = 0.5
"""Seconds for a command to die of each signal before it is given up."""

PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class CommandResult(NamedTuple):
    """How a command ended; `cut` when it said more than was kept."""

    code: int
    out: str
    err: str
    seconds: float
    timed_out: bool = False
    missing: bool = False
    cut: bool = False

    @property
    def words(self) -> str:
        """What the command said last, for people: one line, at most 300 characters."""
        said = (self.err.strip() or self.out.strip()).splitlines()
        return shortened(said[-1].strip(), 300) if said else f"exit code {self.code}"


def run(
    argv: Sequence[str],
    timeout: float,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    user: str | None = None,
    groups: Sequence[int] = (),
    stdin: bytes = b"",
    given: BinaryIO | None = None,
    most: int = MOST,
) -> CommandResult:
    """Run a command and return how it ended; never later than `timeout` plus one second.

    As another `user` it has that account's groups, and `groups` besides, the first as its own. Its
    input is `stdin`, or the open file `given`. One that cannot be started has code 127 or 126.

    Raises:
        HostError: we may not become the user; or are root, and somebody else can change it.
    """
    account, started = identity(user), time.monotonic()
    around = _around(argv[0], account, env, cwd or "")
    with spool(stdin) as words, spool() as out, spool() as err:
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=given or words,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env=around,
                start_new_session=True,
                preexec_fn=entering(account, groups),  # noqa: PLW1509 - Python 3.8 has no user=
            )
        except OSError as error:
            return not_started(error, argv[0], time.monotonic() - started)
        timed_out = awaited(process, started + timeout, (out, err), most + FLOOD)
        code = -signal.SIGKILL if process.returncode is None else process.returncode
        (said, more), (cried, too) = kept(out, most), kept(err, most)
    return CommandResult(code, said, cried, time.monotonic() - started, timed_out, cut=more or too)


def _around(
    program: str, account: pwd.struct_passwd | None, env: Mapping[str, str] | None, cwd: str
) -> Mapping[str, str]:
    """Return a command's environment, once it is known that nobody else can change its program."""
    around = surroundings(account) if env is None else env
    if account is None:
        ownership.checked(program, cwd, around.get("PATH", ""))
    return around


def awaited(
    process: subprocess.Popen[bytes], until: float, outputs: Sequence[BinaryIO], most: int
) -> bool:
    """Wait for the end; end the group after a flood or at the deadline, which returns True."""
    pause = 0.0005
    try:
        while process.poll() is None:
            late = time.monotonic() >= until
            if late or any(os.fstat(output.fileno()).st_size > most for output in outputs):
                end(process)
                return late
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
            pause = min(pause * 1.5, 0.02)
    except BaseException:
        signal_group(process.pid, signal.SIGKILL)
        raise
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process group: TERM, a moment, KILL, a moment. What survives is abandoned."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal_group(process.pid, number)
        until = time.monotonic() + GRACE
        while time.monotonic() < until and (process.poll() is None or signal_group(process.pid, 0)):
            time.sleep(0.005)


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False when nobody is left in it or it is not ours."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def spool(content: bytes = b"") -> BinaryIO:
    """Return a file in memory, at its beginning.

    A full disk must not silence a command, and a child of it that keeps a pipe open would delay us.
    """
    try:
        file: BinaryIO = os.fdopen(os.memfd_create("rollback"), "w+b", buffering=0)
    except (AttributeError, OSError):
        import tempfile  # noqa: PLC0415 - costs every request 4 ms, and few kernels need it

        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.seek(0)
    return file


def kept(file: BinaryIO, most: int) -> tuple[str, bool]:
    """Return the first bytes of an output as text, and whether there was more."""
    content = os.pread(file.fileno(), most, 0)
    text = content.decode("utf-8", "surrogateescape")
    return text, os.fstat(file.fileno()).st_size > len(content)


def not_started(error: OSError, name: str, seconds: float) -> CommandResult:
    """Return the outcome of a command that could not be started."""
    missing = isinstance(error, FileNotFoundError) and error.filename in (name, None)
    words = f"{name}: {error.strerror}" if missing else str(error)
    return CommandResult(127 if missing else 126, "", words, seconds, missing=missing)


def identity(user: str | None) -> pwd.struct_passwd | None:
    """Return the account to become, None to stay who we are.

    Raises:
        HostError: there is no such user, or we may not become it.
    """
    if not user:
        return None
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise HostError(
            f"there is no user {user!r} on this host", "correct [system] user in rollback.toml"
        ) from None
    if account.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise HostError(
            f"only root can run commands as {user!r}", "set [target] sudo = true in rollback.toml"
        )
    return account


def entering(account: pwd.struct_passwd | None, more: Sequence[int] = ()) -> Callable[[], None]:
    """Return what a child does before its command: forget our signal handling, become the user."""
    own = more[0] if more else account.pw_gid if account else 0
    groups = [*os.getgrouplist(account.pw_name, own), *more] if account else []

    def enter() -> None:
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        if account:
            os.setgroups(groups)
            os.setgid(own)
            os.setuid(account.pw_uid)

    return enter


def surroundings(account: pwd.struct_passwd | None = None) -> dict[str, str]:
    """Return the environment of a command: where tools are found, plain words, a home."""
    own = os.environ.get("PATH", "")
    home = account.pw_dir if account else os.environ.get("HOME", "/")
    names = {"USER": account.pw_name, "LOGNAME": account.pw_name} if account else {}
    return {"PATH": f"{own}:{PLACES}" if own else PLACES, "LC_ALL": "C", "HOME": home, **names}
