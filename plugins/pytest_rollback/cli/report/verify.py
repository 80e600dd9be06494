"""Check that a run folder is unchanged since it was sealed, and by whom."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pytest_rollback.errors import Inconclusive, UsageError
from pytest_rollback.evidence import archive, changes, origin, signoffs
from pytest_rollback.evidence.events import RunBegan, first
from pytest_rollback.evidence.runs import folder
from pytest_rollback.manifest.document import one_line
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import Target
from pytest_rollback.report import rebuild
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import add_runs, runs_of
from pytest_rollback.transport.connection import Connection

HEAD = re.compile(r"[0-9a-fA-F]{8,64}")
STORY = """
examples:
  {me}                      the latest run; FILE.tar.gz is an archive
  {me} RUN --head 3fa2...   also compare with the seal that was printed
  {me} RUN --host           also compare with journals and seals on the host

It says what was proven: that the bundle is unchanged since a known key sealed it, that the host has
its seals, or only that it is consistent in itself: who edits a bundle can do that as well. The host
is that of your rollback.toml; what a bundle names chooses nothing.

exit codes: 0 unchanged, and its origin is proven; 1 changed, with a list of the changes; 4 usage,
no such run or not a bundle; 7 the host cannot be used; 10 consistent in itself, origin not proven
"""
REBUILD = "Write report, journals and seal of a run that was killed before it could."
REBUILD_STORY = """
examples:
  {me}
  {me} 20261124-061200 --target=shop/rollback.toml

exit codes: 0 rebuilt; 1 the run is complete; 4 usage, or no such run; 7 the host cannot be used
"""


def verified(where: Path, head: str | None) -> list[str]:
    """Return what changed in a folder, and in its archive where there is one."""
    found, beside = [*changes.changed(where, head)], archive.archive_of(where)
    if not beside.is_file():
        return [*found, f"{beside.name}: is missing"]
    with archive.unpacked(beside) as packed:
        inside = [f"{beside.name}: {line}" for line in altered(packed, head)]
        same = archive.packed(packed.folder) == archive.packed(where)
    if not (found or inside or same):
        found.append(f"{beside.name}: differs from the folder")
    return found + inside


def altered(packed: archive.Unpacked, head: str | None) -> list[str]:
    """Return what changed in an archive, and what else it holds."""
    return [*packed.faults, *changes.changed(packed.folder, head)]


@contextmanager
def host_of(manifest: Path | None) -> Iterator[Connection | None]:
    """Yield a connection to the host that a file describes; None where none is given."""
    if manifest is None:
        yield None
        return
    connection = Connection(load(manifest).system)
    try:
        yield connection
    finally:
        connection.close()


def rebuilt(where: Path, manifest: Path) -> int:
    """Make the folder of a killed run whole."""
    loaded = load(manifest)
    connection = Connection(loaded.system)
    try:
        found = rebuild.rebuild(where, loaded, connection)
    finally:
        connection.close()
    shown("\n".join([f"rebuilt: {where}", *(f"  {line}" for line in found)]))
    return 0


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    whole = Parser(
        prog=program,
        description=__doc__,
        epilog=STORY.format(me=program),
    )
    add = whole.add_argument
    add("run", nargs="?", metavar="RUN", help="run id, run folder, or archive")
    add_runs(whole)
    add("--head", metavar="HASH", help="the printed seal, or its beginning")
    add("--host", action="store_true", help="also compare with journals and seals on the host")
    add("--allowed-signers", type=Path, metavar="FILE", help="who may sign; default: that of git")
    return whole


def rebuild_run(arguments: Sequence[str], program: str) -> int:
    """Complete the folder of a killed run; return the exit code."""
    made = Parser(
        prog=program,
        description=REBUILD,
        epilog=REBUILD_STORY.format(me=program),
    )
    made.add_argument("run", nargs="?", metavar="RUN", help="run id or folder; default: the latest")
    add_runs(made)
    asked = made.parse_args(arguments)
    where = folder(runs_of(asked), asked.run)
    rebuild.demand_killed(where)
    return rebuilt(where, rebuild.manifest_of(where, asked.rollback_target))


def main(arguments: Sequence[str], program: str) -> int:
    """Compare or complete a run's folder; return the exit code."""
    asked = parser(program).parse_args(arguments)
    if asked.head is not None and not HEAD.fullmatch(asked.head):
        raise UsageError(f"--head: {asked.head!r} is not a hash", hint="give 8 to 64 hex digits")
    named = Path(asked.run) if asked.run else None
    if named is not None and named.name.endswith(".tar.gz") and named.is_file():
        with archive.unpacked(named) as packed:
            return said(named, packed.folder, altered(packed, asked.head), asked)
    where = folder(runs_of(asked), asked.run)
    return said(where, where, verified(where, asked.head), asked)


def said(name: Path, where: Path, found: list[str], asked: argparse.Namespace) -> int:
    """Print what is known of a bundle, called by a name; return the exit code."""
    with host_of(
        rebuild.manifest_of(where, asked.rollback_target) if asked.host else None
    ) as connection:
        found += rebuild.differing(where, connection) if connection else []
        known = origin.of(where, connection, asked.allowed_signers)
    about = [*stated(where), *(told(connection.system.target) if connection else [])]
    found += known.faults
    if found:
        printed(f"CHANGED: {name}", [f"- {line}" for line in found])
        shown("HINT: compare with the archive and with the journal on the host (--host)")
        return 1
    proofs = [*known.proofs, *(["the seal that was given is one of its own"] if asked.head else [])]
    if proofs:
        printed(f"UNCHANGED: {name}", [*proofs, *about])
        return 0
    missing = [f"- {line}" for line in known.missing]
    printed(f"NOT PROVEN: {name} is {origin.UNPROVEN}", [*missing, *about])
    shown("HINT: compare with the seal that was printed: --head HASH; or with the host: --host")
    return Inconclusive.exit_code


def printed(title: str, lines: Iterable[str]) -> None:
    """Print lines below a title; names of a bundle's files are its maker's, and stay on theirs."""
    shown("\n".join([one_line(title), *(f"  {one_line(line)}" for line in lines)]))


def stated(where: Path) -> Iterator[str]:
    """Yield which run a bundle is, whatever its folder or archive is called."""
    began = first(RunBegan, signoffs.events(where))
    if began is not None:
        yield f"it says that it is run {began.run} on {began.target}, by {began.operator}"


def told(target: Target) -> Iterator[str]:
    """Yield which host was asked."""
    yield f"the host that was asked is {target.name}, at {target.connection}"
