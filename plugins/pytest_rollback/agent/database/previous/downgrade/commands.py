"""One command that migrates a database, run as a component's account where its unit would run."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from typing import BinaryIO, Iterator, List, Optional, Sequence, Tuple

from ....errors import HostError
from ....files import programs, reach
from ....messages.rollback.migrations import MigrationCommands
from ....messages.trial import TrialRequest
from ....observe.trial import accounts, trial
from ....observe.trial.components import TrialRun, Units, resolved
from ....observe.trial.trial_site import TrialSite
from ....system.command import CommandResult, run
from ....system.masking.shapes import masked
from ...messages import DatabaseProblem

MOST = 64 << 10
"""Bytes that are kept of what a command says."""

BINARY = b"\x7fELF"

WHERE = "[database.migrate]"
CORRECT = f"correct down, up and component in {WHERE} of rollback.toml"


def place(request: TrialRequest, units: Optional[Units]) -> TrialRun:
    """Return as whom and where commands run: as the unit of the one component would.

    Raises:
        HostError: its account or its surroundings cannot be had.
    """
    root = os.path.realpath(request.location.root)
    site = TrialSite(root, root, (), request.user, 0.0, trial.limited(request))
    (component,) = request.components
    found = resolved(site, request, units, component)
    guard = accounts.Guard(site.live, site.places)
    why = found.problem or guard.refusal(found.user, found.interpreter, found.environment)
    if units is not None and units.manager.name == "compose":
        why = "its unit is a container, in which nothing is run"
    if why:
        raise HostError(
            f"commands of {WHERE} cannot run as {component.name} does: {why}",
            f"name a component whose unit runs on the host itself: component in {WHERE}",
        )
    return found


def called(
    where: TrialRun, argv: Sequence[str], seconds: float, given: Optional[BinaryIO] = None
) -> CommandResult:
    """Run one command; return how it ended.

    Raises:
        HostError: we may not become its account; or somebody else can change what root would run.
    """
    return run(
        argv,
        seconds,
        env=where.environment,
        cwd=where.directory,
        user=where.user,
        groups=where.groups,
        given=given,
        most=MOST,
    )


def wrong(outcome: CommandResult, seconds: float) -> str:
    """Return how a command went wrong, in words; "" where it ended well."""
    if outcome.timed_out:
        return f"took longer than {seconds:g} s and was ended"
    if outcome.code:
        return f"failed, exit code {outcome.code}: {masked(outcome.words)}"
    return ""


def as_typed(argv: Sequence[str]) -> str:
    """Return a command as one would type it, without secrets."""
    return masked(" ".join(map(shlex.quote, argv)))


def by_hand(where: TrialRun, argv: Sequence[str]) -> str:
    """Return a command as one types it on the host, as its account and in its directory."""
    become = f"runuser -u {where.user} -- " if where.user else ""
    inside = shlex.quote(f"cd {shlex.quote(where.directory)} && {' '.join(map(shlex.quote, argv))}")
    return f"{become}sh -c {masked(inside)}, with the environment of its unit"


def faults(commands: MigrationCommands, where: TrialRun) -> Iterator[DatabaseProblem]:
    """Yield each command that could not be started, or not as its account."""
    for argv in (*commands.down, *commands.up):
        if program(where, argv[0]) is None:
            yield DatabaseProblem(
                f"{as_typed(argv)}: {argv[0]} is no program that can be run in {where.directory}",
                CORRECT,
            )


def program(where: TrialRun, name: str) -> Optional[str]:
    """Return the path of a program as its component finds it, None where there is none."""
    if "/" in name:
        found = [os.path.join(where.directory, name)]
    else:
        places = where.environment.get("PATH", "").split(":")
        found = [os.path.join(each, name) for each in places if each]
    return next((each for each in found if is_program(each)), None)


def is_program(path: str) -> bool:
    """Return whether a path leads to a file that somebody may run."""
    try:
        return bool(reach.status(path).st_mode & 0o111) and programs.holds_code(path)
    except OSError:
        return False


def digest(commands: MigrationCommands, where: TrialRun) -> str:
    """Return what tells whether the same is run: the words, the account, scripts that they name."""
    words = [*commands.down, *commands.up]
    scripts = sorted({each: None for argv in words for each in scripts_of(where, argv)})
    content = [(path, of_script(path)) for path in scripts]
    asked = (commands.down, commands.up, commands.target, where.user, where.directory)
    return hashlib.sha256(json.dumps([asked, content]).encode()).hexdigest()


def scripts_of(where: TrialRun, argv: Sequence[str]) -> List[str]:
    """Return the paths that the words of a command may name, its program first."""
    first = program(where, argv[0])
    rest = (os.path.join(where.directory, each) for each in argv[1:] if each[:1] != "-")
    return [*([first] if first else []), *rest]


def of_script(path: str) -> str:
    """Return the digest of a script; "" of what is no file, cannot be read, or is a binary."""
    try:
        content = reach.whole(path)
    except OSError:
        return ""
    return "" if content.startswith(BINARY) else hashlib.sha256(content).hexdigest()


def steps(commands: Sequence[Sequence[str]]) -> Tuple[str, ...]:
    """Return commands as people read them."""
    return tuple(map(as_typed, commands))
