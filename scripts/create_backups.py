#!/usr/bin/env python3
"""Save what a deploy is about to change. Call it before the deploy copies its first file.

Each named file gets a backup beside it on the target's host, and the record of them all is
written last. The same call again changes nothing. Live files are only ever read.
"""

from __future__ import annotations

import argparse
import getpass
import os
import re
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parents[1]
OURS = REPOSITORY / ".venv/bin/python"

try:
    import testinfra  # noqa: F401 - how hosts are reached

    from pytest_rollback.agent.messages.backup import (
        COMPARE,
        FORESEE,
        SAVE,
        ReleaseDiff,
        ReleasesRequest,
        SaveRequest,
        SaveResult,
    )
    from pytest_rollback.agent.messages.location import Release
    from pytest_rollback.errors import RollbackError, UsageError
    from pytest_rollback.manifest import requests
    from pytest_rollback.manifest.load import load
    from pytest_rollback.manifest.model import System
    from pytest_rollback.transport.call import Call
    from pytest_rollback.transport.connection import Connection
except ModuleNotFoundError as missing:
    if OURS.exists() and sys.prefix != str(OURS.parents[1]):
        os.execv(OURS, [str(OURS), __file__, *sys.argv[1:]])  # noqa: S606 - the same file again
    print(f"{missing.name} is not installed\nHINT: make setup", file=sys.stderr)
    sys.exit(4)

ME = "scripts/create_backups.py"
COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
RANGE = re.compile(r"(?P<previous>(?:(?!\.\.).)+)\.\.(?P<current>[^.].*)")
CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), 127) if number != ord("\n")}
DEADLINE = 600.0
"""Seconds for the host to save everything."""
MOST = 10
"""Paths that are listed one by one."""

EXAMPLES = f"""
examples, as a deploy calls it:
  {ME} --previous 1.0 --current 1.1 core/server.py config/.env
  {ME} --from-git v1.0..v1.1 config/.env
  git diff -z --name-only --diff-filter=a v1.0..v1.1 |
    {ME} --previous 1.0 --current 1.1 --files-from -

exit codes: 0 saved, or saved already; 1 refused, and nothing was changed; 4 usage, or a
problem in rollback.toml; 7 the host cannot be used; 12 another run is writing
"""


class Parser(argparse.ArgumentParser):
    """Ends like everything here: with what to do, and exit code 4."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise UsageError(message, hint=f"{ME} --help")


def parser() -> Parser:
    """Return what can be said on the command line."""
    whole = Parser(
        prog=ME,
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = whole.add_argument
    add("files", nargs="*", metavar="FILE", help="a file that the deploy changes or removes")
    add("--files-from", metavar="FILE", help="more of them, by NUL or by line; - is the input")
    add("--added", action="append", default=[], metavar="FILE", help="a file that it adds")
    add("--added-from", metavar="FILE", help="more of them, by NUL or by line")
    add("--from-git", metavar="PREVIOUS..CURRENT", help="what lies between two commits, as well")
    add("--previous", metavar="NAME[@COMMIT]", help="the release that is deployed now")
    add("--current", metavar="NAME[@COMMIT]", help="the release that is about to be deployed")
    add("--replace", action="store_true", help="discard the backup set of other releases")
    add("--dry-run", action="store_true", help="say what would be saved, and save nothing")
    add(
        "--rollback-target", metavar="PATH", help="the rollback.toml to use, or sandbox, or machine"
    )
    return whole


def manifest(named: str | None) -> Path:
    """Return where the target is described: as named, or here, or beside these scripts."""
    if named in {"sandbox", "machine"}:
        from pytest_rollback.sandbox.common.layout import Layout, SandboxNote  # noqa: PLC0415
        from pytest_rollback.sandbox.target import usual  # noqa: PLC0415

        layout = Layout(usual(named))
        SandboxNote.read(layout)
        return layout.manifest
    here = Path("rollback.toml")
    return Path(named) if named else here if here.exists() else REPOSITORY / here


def listed(named: str | None) -> list[str]:
    """Return the names in a file: between NULs where there is one, otherwise a line each."""
    if named is None:
        return []
    try:
        raw = sys.stdin.buffer.read() if named == "-" else Path(named).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{named} cannot be read: {error.strerror}", hint=f"{ME} --help"
        ) from error
    return [os.fsdecode(name) for name in raw.split(b"\0" if b"\0" in raw else b"\n") if name]


def below(root: str, names: Iterable[str]) -> Iterator[str]:
    """Yield names relative to the root, each once; the host refuses what lies elsewhere."""
    for name in dict.fromkeys(names):
        yield name.removeprefix(f"{root.rstrip('/')}/").removeprefix("./")


def release(option: str, text: str | None) -> Release | None:
    """Return the release that an option names."""
    if text is None:
        return None
    name, at, commit = text.rpartition("@")
    if at and not COMMIT.fullmatch(commit):
        raise UsageError(
            f"{option}: {commit!r} after @ is no commit",
            hint="NAME, or NAME@ with 7 to 64 hex digits",
        )
    if not (name or text):
        raise UsageError(f"{option} is empty", hint=f"{option} NAME[@COMMIT]")
    return Release(name, commit) if at else Release(text, None)


def compared(connection: Connection, wanted: str) -> tuple[ReleaseDiff, dict[str, str]]:
    """Return what lies between two commits of the host's repository, and how these were named."""
    between = RANGE.fullmatch(wanted)
    if between is None:
        raise UsageError(f"--from-git: {wanted!r} is no range", hint="--from-git PREVIOUS..CURRENT")
    if not connection.system.fallback.git:
        raise UsageError(
            "--from-git needs the repository of the releases on the host",
            hint="name it as git in [fallback] of rollback.toml, or name the files themselves",
        )
    names = between.groupdict()
    repository, root = connection.system.fallback.git, connection.system.about.root
    request = ReleasesRequest(repository, root, names["previous"], names["current"])
    return connection.ask(Call(COMPARE, request)), names


def save_request(asked: argparse.Namespace, connection: Connection) -> SaveRequest:
    """Return what the host is asked to save."""
    system = connection.system
    root = system.about.root
    files = [*asked.files, *listed(asked.files_from)]
    added = [*asked.added, *listed(asked.added_from)]
    releases = {key: release(f"--{key}", getattr(asked, key)) for key in ("previous", "current")}
    if asked.from_git:
        found, between = compared(connection, asked.from_git)
        files, added = [*files, *found.files], [*added, *found.added]
        commits = {"previous": found.previous, "current": found.current}
        for key, named in releases.items():
            releases[key] = Release(named.name if named else between[key], commits[key])
    return SaveRequest(
        location=requests.location(system),
        system=system.about.name,
        user=system.about.user,
        by=f"{os.environ.get('SUDO_USER') or getpass.getuser()}@{socket.gethostname()}",
        previous=required("--previous", releases["previous"]),
        current=required("--current", releases["current"]),
        files=tuple(below(root, files)),
        added=tuple(below(root, added)),
        replace=asked.replace,
    )


def required(option: str, named: Release | None) -> Release:
    """Return a release that has to be named.

    Raises:
        UsageError: it is not.
    """
    if named is None:
        raise UsageError(f"{option} is missing", hint=f"name it: {option} NAME[@COMMIT]")
    return named


def summary(system: System, request: SaveRequest, found: SaveResult, *, dry: bool) -> Iterator[str]:
    """Yield what was saved, or would be, in a few lines."""
    previous, current = request.previous.name, request.current.name
    where = f"{system.about.name} on {system.target.name}"
    if not found.changed:
        yield f"saved already: {found.files:,} files of release {previous}, {where}"
    else:
        yield f"{'would save' if dry else 'saved'} release {previous} of {where}"
    yield f"  files    {found.files:,}: {found.saved:,} copied now, {found.kept:,} before"
    yield f"  added    {found.added:,} by release {current}"
    if found.replaced:
        old = found.replaced
        yield f"  replaced the set from {old.current} back to {old.previous}"
    if found.differ:
        yield f"  changed  {len(found.differ):,} since they were saved: the deploy goes on?"
        yield from (f"           {path}" for path in found.differ[:MOST])
    if not dry:
        yield f"  record   {found.record}"
        yield f"  sha256   {found.sha256}"
        yield f"next: deploy {current}, then pytest suites/readiness"


def carried_out(asked: argparse.Namespace) -> None:
    """Save, or say what would be saved."""
    system = load(manifest(asked.rollback_target)).system
    connection = Connection(system)
    try:
        request = save_request(asked, connection)
        route = FORESEE if asked.dry_run else SAVE
        found = connection.ask(Call(route, request, DEADLINE))
    finally:
        connection.close()
    for line in summary(system, request, found, dry=asked.dry_run):
        print(line.translate(CONTROL))


def main() -> int:
    """Do what was asked; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        carried_out(parser().parse_args())
    except RollbackError as error:
        print(f"{type(error).__name__}: {error}".translate(CONTROL), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted\nHINT: the same command completes what was begun", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
