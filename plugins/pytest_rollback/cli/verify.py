"""Say whether a run's folder or archive is as it was sealed; make a killed run's folder whole."""

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
  {me}                     the folder and the archive of the latest run
  {me} 20261124-061200     of another one
  {me} FILE.tar.gz         an archive that came from elsewhere
  {me} RUN --head 3fa2...  its seal is the one that was printed then
  {me} RUN --host          its journals are those of the host, or their beginning
  {me} RUN --rebuild       write what a killed run could not: report, journals, seal

exit codes: 0 nothing changed; 1 something did, and what is listed; 4 usage, no such run or no
bundle; 7 the host cannot be used
"""


def of_archive(path: Path, head: str | None, program: str) -> list[str]:
    """Return what changed in an archive."""
    with tempfile.TemporaryDirectory(prefix="bundle-") as place:
        try:
            with tarfile.open(path, "r:gz") as archive:
                archive.extractall(place, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise UsageError(f"{path} is no archive: {error}", hint=f"{program} --help") from error
        inside = [each for each in Path(place).iterdir() if each.is_dir()]
        if len(inside) != 1:
            raise UsageError(
                f"{path} holds {len(inside)} folders, not one", hint=f"{program} --help"
            )
        return [*seal.changed(inside[0], head)]


def verified(where: Path, head: str | None, program: str) -> list[str]:
    """Return what changed in a folder, and in its archive where there is one."""
    found = [*seal.changed(where, head)]
    archive = seal.archive_of(where)
    if archive.is_file():
        found += [f"{archive.name}: {line}" for line in of_archive(archive, head, program)]
        fresh = seal.packed(where)
        if not found and fresh != archive.read_bytes():
            found.append(f"{archive.name}: does not hold what the folder holds")
    else:
        found.append(f"{archive.name}: is gone")
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
    add("run", nargs="?", metavar="RUN", help="its id, its folder, or an archive")
    add("--reports", type=Path, default=reports(REPOSITORY), metavar="FOLDER")
    add("--head", metavar="HASH", help="the seal that was printed, or its beginning")
    add("--host", action="store_true", help="compare with the journals on the host as well")
    add("--rebuild", action="store_true", help="complete the folder of a killed run")
    add("--rollback-target", type=Path, metavar="PATH", help="the rollback.toml of the run")
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Compare or complete a run's folder; return the exit code."""
    asked = parser(program).parse_args(arguments)
    if asked.head is not None and not HEAD.fullmatch(asked.head):
        raise UsageError(f"--head: {asked.head!r} is no hash", hint="8 to 64 hex digits of it")
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
        shown("HINT: ask who had access since; the archive and the host's journal tell it too")
        return 1
    shown(f"UNCHANGED: {where}")
    return 0
