"""The stamp of a rehearsal of a way back: kept in the state directory, and held against today."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from ....errors import failed
from ....messages.location import Location
from ....messages.rollback.migrations import MigrationCommands, ReadFile
from ....observe.trial.components import TrialRun
from ....state.runs import record_of
from ...messages import DatabaseAccess
from ...migrations import live_files
from ...migrations.tools import called
from ...stamp import StampFile, subject
from . import commands
from .messages import DowngradeRehearsal, SchemaHead

STAMP = StampFile("migrate.json", "rehearsal", DowngradeRehearsal)
read, write = STAMP.read, STAMP.write


class RehearsedOf(NamedTuple):
    """What a rehearsal is about: backup set, database, commands, and the files that these read."""

    record: str
    subject: str
    commands: str
    files: Tuple[ReadFile, ...]

    @classmethod
    def now(
        cls,
        location: Location,
        database: DatabaseAccess,
        run: Tuple[MigrationCommands, TrialRun],
        tool: str,
    ) -> RehearsedOf:
        """Return what one would be about today.

        Args:
            location: where the release lies, and its backup set.
            database: the live one.
            run: the commands, and where they run.
            tool: names of the tools that the database knows.

        Raises:
            HostError: the live tree cannot be read.
        """
        asked, where = run
        try:
            files = live_files.read(location, called(tool), asked.files)
        except OSError as error:
            raise failed(error, location.root) from error
        record, about = record_of(location.state), subject(database)
        return cls(record, about, commands.digest(asked, where), files)


def is_good(last: Optional[DowngradeRehearsal], today: RehearsedOf) -> bool:
    """Return whether a rehearsal went well, and was about the same as today."""
    if last is None or last.problems:
        return False
    return (last.record, last.subject, last.commands, last.files) == today


def tool_of(last: Optional[DowngradeRehearsal], now: SchemaHead) -> str:
    """Return the names of the tools that were known when it was rehearsed, or are now.

    Commands of an interrupted run may have taken their tables away.
    """
    return last.before.tool if last else now.tool
