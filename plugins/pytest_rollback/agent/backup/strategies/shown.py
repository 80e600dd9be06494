"""What commands of a release show: run on this host, twice, by the account that may, in lines.

What is compared is a digest of all lines under a key that only this host has: lines that people see
have no secrets in them, and two releases may differ in nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import pwd
import re
import shlex
import shutil
from typing import BinaryIO, Iterator, NamedTuple, Optional, Sequence, Tuple

from ...errors import HostError, shortened
from ...files import ownership, programs, reach
from ...files.handles import FRESH, open_regular
from ...messages.backup.commands import CommandsRequest
from ...state import directory as places
from ...system.command import CommandResult, run, surroundings
from ...system.masking.shapes import masked

KEY = "looks.key"
"""The name of the key below the state directory."""

MOST = 16 << 10
"""Bytes that say which release is live; who prints more prints something else as well."""

LINES, LONGEST = 20, 200
"""Lines of an output that people see, and characters of one."""

COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Shown(NamedTuple):
    """What is live: lines for people, and the digest of all of it.

    `problem` is why that cannot be told, with its `hint`.
    """

    lines: Tuple[str, ...] = ()
    digest: str = ""
    problem: str = ""
    hint: str = ""

    @property
    def words(self) -> str:
        """The lines as one, for a sentence."""
        return shortened(" / ".join(self.lines), LONGEST)


def shown(request: CommandsRequest, key: bytes) -> Shown:
    """Return what is live: asked twice, as what changes by itself tells no release from another."""
    first, problem = _asked(request)
    again, later = ("", "") if problem else _asked(request)
    if not (problem or later) and first != again:
        here = "; ".join(_lines(each)[0] for each in _differ(first, again))
        problem = f"look is not the same twice in succession: {here}"
    if problem or later:
        hint = f"on the host: {as_typed(request.look)}; it prints which release is live, at once"
        return Shown(problem=problem or later, hint=f"{hint}, and nothing else (look)")
    digest = hmac.new(key, first.encode("utf-8", "surrogateescape"), "sha256").hexdigest()
    return Shown(_lines(first), digest if key else "")


def _asked(request: CommandsRequest) -> Tuple[str, str]:
    """Return what `look` prints, without what is of no meaning; and why it says nothing."""
    try:
        outcome = called(request, request.look, request.timeout)
    except HostError as refused:
        return "", f"look is not run: {refused.message}"
    if outcome.timed_out:
        return "", f"look took longer than {request.timeout:g} s"
    if outcome.code:
        return "", f"look failed, exit code {outcome.code}: {masked(outcome.words)}"
    if outcome.cut:
        return "", f"look prints more than {MOST} bytes"
    text = normal(outcome.out)
    return text, "" if text else "look prints nothing"


def normal(text: str) -> str:
    """Return a text without colours, blanks at the ends of lines, and blank lines."""
    lines = (each.rstrip() for each in COLOURS.sub("", text).splitlines())
    return "\n".join(each for each in lines if each)


def _lines(text: str) -> Tuple[str, ...]:
    """Return the first lines of a text, for people."""
    return tuple(shortened(each, LONGEST) for each in masked(text).split("\n")[:LINES])


def _differ(first: str, again: str) -> Tuple[str, str]:
    """Return the first line in which two texts differ, of both."""
    one, other = first.split("\n"), again.split("\n")
    more = max(len(one), len(other))
    both = zip(one + ["(no line)"] * (more - len(one)), other + ["(no line)"] * (more - len(other)))
    return next((a, b) for a, b in both if a != b)


def called(
    request: CommandsRequest, argv: Sequence[str], seconds: float, given: Optional[BinaryIO] = None
) -> CommandResult:
    """Run a command of a release.

    Raises:
        HostError: its account cannot be had, or somebody else can change what it runs.
    """
    return run(argv, seconds, user=account(request, argv), given=given, most=MOST)


def account(request: CommandsRequest, argv: Sequence[str]) -> str:
    """Return the account that runs a command, "" for our own.

    Without a declared one, what somebody else can change is run as him.

    Raises:
        HostError: several can change it; or one besides the declared account can.
    """
    code = list(programs.of_command(argv, surroundings()["PATH"]))
    if not request.user:
        return ownership.runner(code)
    try:
        uid = pwd.getpwnam(request.user).pw_uid
    except KeyError:
        raise HostError(
            f"there is no user {request.user!r} on this host",
            "correct user in [release.commands] of rollback.toml",
        ) from None
    for path in code:
        with contextlib.suppress(FileNotFoundError):
            others = ownership.changers(path) - {uid}
            if others:
                raise HostError(
                    f"{ownership.told(path, others)}, and is not run as {request.user}",
                    f"namei -l {path}; give it to {request.user}, or to root alone",
                )
    return request.user


def faults(request: CommandsRequest) -> Iterator[Tuple[str, str]]:
    """Yield each command that could not be run as it is, with the reason."""
    named = {"look": request.look, "return": request.back}
    named.update(undo=request.undo, proves=request.proves)
    for name, argv in named.items():
        why = _unrunnable(request, argv) if argv else ""
        if why:
            yield name, why


def _unrunnable(request: CommandsRequest, argv: Sequence[str]) -> str:
    """Return why a command could not be started; "" for nothing that is known."""
    path = surroundings()["PATH"]
    if shutil.which(argv[0], path=path) is None:
        return f"{argv[0]} is no program that can be run here"
    for word in argv[1:]:
        if word.startswith("/") and word.endswith(programs.LANGUAGES):
            try:
                reach.status(word)
            except OSError as error:
                return f"{word}: {error.strerror}"
    try:
        account(request, argv)
    except HostError as refused:
        return refused.message
    return ""


def as_typed(argv: Sequence[str]) -> str:
    """Return a command as one would type it, without secrets."""
    return masked(" ".join(map(shlex.quote, argv)))


def key(state: str, *, make: bool = False) -> bytes:
    """Return the key of digests that leave this host, made if it is to be; b"" where is none.

    Raises:
        HostError: the state directory is unusable.
        OSError: it is full.
    """
    try:
        inside = places.made(state) if make else places.opened(state)
    except places.Absent:
        return b""
    try:
        if make:
            with contextlib.suppress(FileExistsError):
                _make(inside)
        with os.fdopen(open_regular(inside, KEY), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    finally:
        os.close(inside)


def _make(inside: int) -> None:
    """Write a key, whole before it has its name; one that is there stays."""
    fresh = f".{KEY}.{os.getpid()}"
    opened = os.open(fresh, FRESH, 0o600, dir_fd=inside)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(hashlib.sha256(os.urandom(32)).digest())
            file.flush()
            os.fsync(opened)
        os.link(fresh, KEY, src_dir_fd=inside, dst_dir_fd=inside, follow_symlinks=False)
    finally:
        os.unlink(fresh, dir_fd=inside)
    os.fsync(inside)
