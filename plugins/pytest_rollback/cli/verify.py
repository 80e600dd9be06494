"""Check that a run folder is unchanged since it was sealed; rebuild the folder of a killed run."""

from __future__ import annotations

import argparse
import re
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import seal
from pytest_rollback.evidence.runs import folder
from pytest_rollback.manifest.load import load
from pytest_rollback.report import rebuild
from pytest_rollback.run.command_line import REPOSITORY, Parser, reports, shown
from pytest_rollback.transport.connection import Connection

HEAD = re.compile(r"[0-9a-fA-F]{8,64}")
STORY = """
  {me}                     check folder and archive of the latest run
  {me} 20261124-061200     check another run
  {me} FILE.tar.gz         check an archive
  {me} RUN --head 3fa2...  also compare with the seal that was printed
  {me} RUN --host          also compare with the journals on the host
  {me} RUN --rebuild       write report, journals and seal of a killed run

exit codes: 0 unchanged; 1 changed, with a list of the changes; 4 usage, no such run or not a
bundle; 7 the host cannot be used
"""


def of_archive(path: Path, head: str | None, program: str) -> list[str]:
    """Return what changed in an archive."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        try:
            with tarfile.open(path, "r:gz") as archive:
                archive.extractall(place, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise UsageError(
                f"{path} is not an archive: {error}", hint=f"{program} --help"
            ) from error
        inside = [each for each in Path(place).iterdir() if each.is_dir()]
        if len(inside) != 1:
            raise UsageError(f"{path} has {len(inside)} folders, not 1", hint=f"{program} --help")
        return [*seal.changed(inside[0], head)]


def verified(where: Path, head: str | None, program: str) -> list[str]:
    """Return what changed in a folder, and in its archive where there is one."""
    found = [*seal.changed(where, head)]
    archive = seal.archive_of(where)
    if archive.is_file():
        found += [f"{archive.name}: {line}" for line in of_archive(archive, head, program)]
        fresh = seal.packed(where)
        if not found and fresh != archive.read_bytes():
            found.append(f"{archive.name}: differs from the folder")
    else:
        found.append(f"{archive.name}: is missing")
    return found


def of_host(where: Path, manifest: Path) -> list[str]:
    """Return which journals are not those of the host."""
    connection = Connection(load(manifest).system)
    try:
        return [*rebuild.differing(where, connection)]
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = whole.add_argument
    add("run", nargs="?", metavar="RUN", help="run id, run folder, or archive")
    add("--reports", type=Path, default=reports(REPOSITORY), metavar="FOLDER")
    add("--head", metavar="HASH", help="the printed seal, or its beginning")
    add("--host", action="store_true", help="also compare with the journals on the host")
    add("--rebuild", action="store_true", help="rebuild the folder of a killed run")
    add("--rollback-target", type=Path, metavar="PATH", help="the rollback.toml of the run")
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Compare or complete a run's folder; return the exit code."""
    asked = parser(program).parse_args(arguments)
    if asked.head is not None and not HEAD.fullmatch(asked.head):
        raise UsageError(f"--head: {asked.head!r} is not a hash", hint="give 8 to 64 hex digits")
    named = Path(asked.run) if asked.run else None
    if named is not None and named.name.endswith(".tar.gz") and named.is_file():
        where, found = named, of_archive(named, asked.head, program)
    else:
        where = folder(asked.reports, asked.run)
        manifest = asked.rollback_target or rebuild.manifest_of(where) or Path("rollback.toml")
        if asked.rebuild:
            return rebuilt(where, manifest)
        found = verified(where, asked.head, program)
        found += of_host(where, manifest) if asked.host else []
    if found:
        shown("\n".join([f"CHANGED: {where}", *(f"  - {line}" for line in found)]))
        shown("HINT: compare with the archive and with the journal on the host (--host)")
        return 1
    shown(f"UNCHANGED: {where}")
    return 0
