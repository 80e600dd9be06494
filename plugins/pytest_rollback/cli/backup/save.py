"""Save the files that a deploy will change. Call it before the deploy copies its first file.

Each file gets a backup beside it on the target's host; the record of all backups is written last.
A second call with the same files changes nothing.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_rollback.agent.messages.backup.git import COMPARE, ReleasesRequest
from pytest_rollback.agent.messages.backup.save import FORESEE, SAVE, SaveRequest, SaveResult
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import UsageError
from pytest_rollback.manifest import parts, requests
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System
from pytest_rollback.recovery import strategies
from pytest_rollback.run.command_line.arguments import Parser, add_target
from pytest_rollback.run.command_line.shared import INTERRUPTED, failed, shown
from pytest_rollback.run.extras import outside
from pytest_rollback.text import named_files
from pytest_rollback.text.places import MANIFEST, home
from pytest_rollback.text.quantities import count
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection

COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
RANGE = re.compile(r"(?P<previous>(?:(?!\.\.).)+)\.\.(?P<current>[^.].*)")
DEADLINE = 600.0
"""Seconds for the host to save everything."""
MOST = 10
"""Paths that are listed one by one."""

EXAMPLES = """
examples, as a deploy calls it:
  {me} --from-git v1.0..v1.1 config/.env
  git diff -z --name-only --diff-filter=a v1.0..v1.1 |
    {me} --previous 1.0 --current 1.1 --files-from -

exit codes: 0 saved, or saved already; 1 refused, nothing was changed; 4 usage, or a
problem in rollback.toml; 7 the host cannot be used; 12 another run writes backups
"""


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    whole = Parser(
        prog=program,
        description=__doc__,
        epilog=EXAMPLES.format(me=program),
    )
    add = whole.add_argument
    changes = "a file, link or empty directory that the deploy changes or removes"
    add("files", nargs="*", metavar="FILE", help=changes)
    apart = "a list of such files, separated by NUL or lines; - is stdin"
    add("--files-from", metavar="FILE", help=apart)
    add("--added", action="append", default=[], metavar="FILE", help="a file that the deploy adds")
    add("--added-from", metavar="FILE", help="a list of added files, separated by NUL or lines")
    add("--from-git", metavar="PREVIOUS..CURRENT", help="also all files of the diff of two commits")
    add("--previous", metavar="NAME[@COMMIT]", help="the release that is live now")
    add("--current", metavar="NAME[@COMMIT]", help="the release that will be deployed")
    add(
        "--replace",
        action="store_true",
        help="remove the backup set of other releases first",
    )
    add(
        "--partial",
        metavar="REASON",
        help="save the named files only, on purpose; every report shows the reason",
    )
    add("--dry-run", action="store_true", help="show what would be saved, and save nothing")
    add_target(whole)
    whole.set_defaults(program=program)
    return whole


def manifest(named: str | None) -> Path:
    """Return where the target is described: as named, or here, or beside these scripts."""
    kind = outside().practice.get(named or "")
    if kind:
        return kind.kept()
    here = Path(MANIFEST)
    return Path(named) if named else here if here.exists() else home() / here


def listed(named: str | None, program: str) -> list[str]:
    """Return the names in a file: between NULs where there is one, otherwise a line each."""
    if named is None:
        return []
    try:
        raw = named_files.content("/dev/fd/0" if named == "-" else named, pipe=True)
    except OSError as error:
        raise UsageError(
            f"{named} cannot be read: {error.strerror}", hint=f"{program} --help"
        ) from error
    return [os.fsdecode(name) for name in raw.split(b"\0" if b"\0" in raw else b"\n") if name]


def below(root: str, names: Iterable[str]) -> Iterator[str]:
    """Yield each name once, relative to the root; the host refuses paths outside of it.

    That of a directory may end in a slash.
    """
    for name in dict.fromkeys(names):
        path = name.removeprefix(f"{root.rstrip('/')}/").removeprefix("./")
        yield path.rstrip("/") or name


def release(option: str, text: str | None) -> Release | None:
    """Return the release that an option names."""
    if text is None:
        return None
    name, at, commit = text.rpartition("@")
    if at and not COMMIT.fullmatch(commit):
        raise UsageError(
            f"{option}: {commit!r} after @ is not a commit",
            hint="NAME, or NAME@ with 7 to 64 hex digits",
        )
    if not (name or text):
        raise UsageError(f"{option} is empty", hint=f"{option} NAME[@COMMIT]")
    return Release(name, commit) if at else Release(text, None)


@dataclass(frozen=True)
class Compared:
    """What lies between two commits: paths that change, paths that are new, and the releases."""

    files: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    previous: Release | None = None
    current: Release | None = None


def compared(connection: Connection, wanted: str) -> Compared:
    """Return what lies between two commits of the fallback repository on the host."""
    between = RANGE.fullmatch(wanted)
    if between is None:
        raise UsageError(
            f"--from-git: {wanted!r} is not a range", hint="--from-git PREVIOUS..CURRENT"
        )
    if not connection.system.fallback.git:
        raise UsageError(
            "--from-git needs a git repository with the releases on the host",
            hint="list the files instead: --files-from=CHANGED --added-from=ADDED"
            if connection.system.about.roots
            else "set git in [fallback] of rollback.toml, or list the files instead",
        )
    names, about = between.groupdict(), connection.system.about
    repository = connection.system.fallback.git
    request = ReleasesRequest(repository, about.root, names["previous"], names["current"])
    found = connection.ask(Call(COMPARE, request))
    return Compared(
        files=found.files,
        added=found.added,
        previous=Release(names["previous"], found.previous),
        current=Release(names["current"], found.current),
    )


def wished(asked: argparse.Namespace, connection: Connection) -> SaveRequest:
    """Return what the host is asked to save.

    Raises:
        UsageError: a release is named by no option.
    """
    about, root = connection.system.about, connection.system.about.root
    between = compared(connection, asked.from_git) if asked.from_git else Compared()
    whole = len(between.files) + len(between.added)
    if asked.partial is not None:
        if not asked.partial.strip():
            raise UsageError("--partial is empty", hint="--partial 'why these files are enough'")
        between = replace(between, files=(), added=())
    files = [*asked.files, *listed(asked.files_from, asked.program)]
    named = set(below(root, files))  # git knows no empty directory: one may become a file
    between = replace(between, added=tuple(each for each in between.added if each not in named))
    added = [*asked.added, *listed(asked.added_from, asked.program)]
    return SaveRequest(
        location=requests.location(connection.system),
        system=about.name,
        user=about.user,
        by=f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}",
        previous=_previous(asked, connection, between),
        current=meant("--current", asked.current, between.current),
        files=tuple(below(root, [*files, *between.files])),
        added=tuple(below(root, [*added, *between.added])),
        replace=asked.replace,
        partial=asked.partial or "",
        whole=whole,
        keep=connection.system.release.sets,
    )


def _previous(asked: argparse.Namespace, connection: Connection, between: Compared) -> Release:
    """Return the release that is live; one without a name is named by what it is kept by."""
    if asked.previous is None and strategies.used(connection.system):
        usual = between.previous if parts.is_mixed(connection.system) else None
        return usual or Release("", None)
    return meant("--previous", asked.previous, between.previous)


def meant(option: str, text: str | None, found: Release | None) -> Release:
    """Return the release that an option names, with the commit that was found in the history.

    Raises:
        UsageError: neither names one.
    """
    named = release(option, text)
    if named and found:
        return Release(named.name, found.commit)
    known = named or found
    if known is None:
        raise UsageError(f"{option} is missing", hint=f"add {option} NAME[@COMMIT]")
    return known


def saved(connection: Connection, request: SaveRequest, *, dry: bool) -> SaveResult:
    """Have the host save what is asked, or say what it would save; one round trip."""
    return connection.ask(Call(FORESEE if dry else SAVE, request, DEADLINE))


def lines(system: System, wish: SaveRequest, found: SaveResult, *, dry: bool) -> Iterator[str]:
    """Yield the lines that say what was saved, or would be saved."""
    previous, current = wish.previous.name, wish.current.name
    where = f"{system.about.name} on {system.target.name}"
    if not found.changed:
        yield f"saved already: {count(found.files, 'file')} of release {previous}, {where}"
    else:
        yield f"{'would save' if dry else 'saved'} release {previous} of {where}"
    yield f"  files    {found.files:,}: {found.saved:,} copied now, {found.kept:,} before"
    yield f"  added    {found.added:,} by release {current}"
    yield from remembered(wish, found)
    if found.replaced:
        old = found.replaced
        yield f"  replaced the set from {old.current} back to {old.previous}"
    if found.unsaved:
        yield f"  unsaved  {count(len(found.unsaved), 'path')}, which no rollback restores:"
        yield from (f"           {each}" for each in found.unsaved[:MOST])
    if wish.partial:
        yield f"  partial  {wish.partial}"
    if found.differ:
        yield f"  changed  {count(len(found.differ), 'file')} since saved, as by a running deploy:"
        yield from (f"           {path}" for path in found.differ[:MOST])
    if not dry:
        yield f"  record   {found.record}"
        yield f"  sha256   {found.sha256}"
        yield f"next: deploy {current}, then rollback ready"


def remembered(wish: SaveRequest, found: SaveResult) -> Iterator[str]:
    """Yield what the record has beside files; and what is live instead, where that differs."""
    for name, part in found.parts.items():
        recorded = [strategies.told(name, each) for each in json.loads(part)]
        live = [strategies.told(name, each) for each in json.loads(wish.parts.get(name, "[]"))]
        yield from (f"  release  {each}" for each in recorded)
        others = [each for each in live if each not in recorded]
        if others:
            yield "  changed  since recorded, as by a running deploy; live now, and not recorded:"
            yield from (f"           {each}" for each in others)
            yield f"           another --current than {wish.current.name} begins another set"
    if found.joined:
        yield f"  joined   {', '.join(found.joined)}: only now, as a running deploy has left it"


def save(arguments: Sequence[str], program: str) -> int:
    """Save, or say what would be saved; return the exit code."""
    asked = parser(program).parse_args(arguments)
    system = load(manifest(asked.rollback_target)).system
    connection = Connection(system)
    try:
        wish = strategies.remembered(connection, wished(asked, connection), dry=asked.dry_run)
        found = saved(connection, wish, dry=asked.dry_run)
    except KeyboardInterrupt:
        words = "interrupted\nHINT: run the same command again to complete it"
        return failed(words, INTERRUPTED)
    finally:
        connection.close()
    for line in lines(system, wish, found, dry=asked.dry_run):
        shown(line)
    return 0
