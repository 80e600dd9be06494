"""The commands that migrate a database back, and forward again: named, never guessed.

They run as the account of one component, with the environment and in the directory of its unit, in
the tree of the live release: only it has the migrations that are to be taken back.
"""

from typing import NamedTuple, Tuple

from ..trial import TrialRequest

MIGRATIONS = "database.migrate"
"""What stands for a database that was migrated back, where an undo leaves paths out."""

MIGRATING, MIGRATED = "migrate", "migrate done"
"""What a run writes before the first command that migrates back, and once the head is the one that
the previous release needs."""

COMMAND, ENDED = "migrate command", "migrate command done"
"""What it writes before each of the commands, and after one that has ended well."""

FORWARD, FORWARDED = "migrate undo", "migrate undone"
"""What an undo writes before the first command that migrates forward again, and after the last."""


class MigrationCommands(NamedTuple):
    """What is run on the host, each command as words and without a shell.

    `down` are run in their order, `up` for an undo, empty for none. `target` is the head that the
    previous release needs, "" where its files tell it. `timeout` is in seconds, for each command.
    `trial` says as whom and where they run: it has one component, and means the live tree. `files`
    are patterns of what they read there, beside the migrations of tools that are known.
    """

    down: Tuple[Tuple[str, ...], ...]
    up: Tuple[Tuple[str, ...], ...]
    target: str
    timeout: float
    trial: TrialRequest
    files: Tuple[str, ...] = ()


class ReadFile(NamedTuple):
    """A file that commands read: its path below the root, and the beginning of its digest."""

    path: str
    digest: str
