"""Show which releases a rollback can return to, and choose one further back.

With backups = "state" in [release] several sets are kept, one for each deploy. A rollback returns
over the latest one, to the release before; over several to a release further back, once that is
chosen. What is chosen is what rollback ready, now, drill and validate look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_rollback.agent.messages.backup.sets import CHOOSE, SETS, BackupSets, ChoiceRequest
from pytest_rollback.cli.target import TargetCommand
from pytest_rollback.manifest import requests
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery import strategies
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.call import AnyCall, Call

DEADLINE = 300.0
"""Seconds in which all backups of the way are read."""

EXAMPLES = """
examples:
  {me}
  {me} --to 1.3.0

exit codes: 0 shown, or chosen; 1 refused, nothing was changed; 4 usage, or a problem in
rollback.toml; 7 the host cannot be used; 12 a rollback is unfinished
"""


def main(arguments: Sequence[str], program: str) -> int:
    """Show the sets, or choose one; return the exit code."""
    parser = Parser(prog=program, description=__doc__, epilog=EXAMPLES.format(me=program))
    parser.add_argument("--to", metavar="RELEASE", help="the release that a rollback returns to")
    add_target(parser)
    asked = parser.parse_args(arguments)
    with TargetCommand.opened(asked, arguments, program) as at:
        where = requests.location(at.system)
        needed = tuple(each.name for each in strategies.used(at.system))
        choice = Call(CHOOSE, ChoiceRequest(where, asked.to or "", needed), DEADLINE)
        call: AnyCall = Call(SETS, where) if asked.to is None else choice
        found: BackupSets = at.connection.ask(call)
    for line in lines(at.system, found, chosen=asked.to or ""):
        shown(line)
    return 0


def lines(system: System, found: BackupSets, *, chosen: str) -> Iterator[str]:
    """Yield the lines that say which sets there are."""
    recorded = found.recorded
    where = f"{system.about.name} on {system.target.name}"
    if chosen:
        yield f"{'chosen' if found.changed else 'chosen already'}: release {chosen}, {where}"
    else:
        yield f"a rollback of {where} returns to release {recorded.previous}"
    yield (
        f"  from {recorded.current}: {count(recorded.files, 'file')} restored, "
        f"{recorded.added:,} removed"
    )
    if not found.kept:
        yield "  its backups lie beside their files: this is the one set there is"
    for each in found.sets:
        mark = "*" if each.previous == recorded.previous else " "
        yield f"{mark} {each.previous:12} before {each.current}, saved {each.created}"
    if chosen:
        yield "next: rollback ready"
    elif len(found.sets) > 1:
        further = next(e for e in found.sets if e.previous != recorded.previous)
        yield f"another one: rollback sets --to {further.previous}"
