"""A release that commands bring back: what is run, what it shows, and whether it is proven."""

from typing import NamedTuple, Tuple

from ...protocol import Route
from ..location import Location
from .strategies import PreviousParts, RecordedPart


class CommandsRequest(NamedTuple):
    """What is run on the host, each as words and without a shell.

    `look` prints which release is live, `back` brings the previous one back and `undo` the failed
    one, `proves` exits with 0 where the previous one is live; empty for none. `user` is the
    account, "" for whoever can change a program, or ours. `timeout` are the seconds of `look` and
    of `proves`, `change_timeout` those of the others. `seen` is the digest of what was live when
    a change was planned, "" for a look. `dry` asks what would be recorded, and keeps nothing.
    """

    location: Location
    look: Tuple[str, ...]
    back: Tuple[str, ...]
    undo: Tuple[str, ...] = ()
    proves: Tuple[str, ...] = ()
    user: str = ""
    timeout: float = 20.0
    change_timeout: float = 300.0
    seen: str = ""
    dry: bool = False


class ReleaseLook(NamedTuple):
    """What is live, and what was when it was recorded, in lines without secrets.

    `problem` is why that cannot be told, with its `hint`; then nothing else counts. `is_back` tells
    whether both are the same. `unfinished` tells that this run has begun to bring the previous
    release back and has not noted its end; `strange` that what is live is neither what the run
    found nor what was recorded. `seen` is a digest of what is live, under a key of the host.
    """

    live: Tuple[str, ...] = ()
    recorded: Tuple[str, ...] = ()
    is_back: bool = False
    unfinished: bool = False
    strange: bool = False
    seen: str = ""
    problem: str = ""
    hint: str = ""


class ReleaseReturned(NamedTuple):
    """Whether a command was run for it, and the seconds that it took."""

    ran: bool
    seconds: float


class ReleaseProof(NamedTuple):
    """What `proves` says: whether it exits with 0, and its last words.

    `problem` is why it says nothing: it cannot be run, or takes too long.
    """

    passed: bool
    words: str
    problem: str = ""


COMMANDS_RECORD = Route("commands.record", CommandsRequest, RecordedPart)
COMMANDS_PREVIOUS = Route("commands.previous", CommandsRequest, PreviousParts)
COMMANDS_LOOK = Route("commands.look", CommandsRequest, ReleaseLook)
COMMANDS_RETURN = Route("commands.return", CommandsRequest, ReleaseReturned)
COMMANDS_PROVE = Route("commands.prove", CommandsRequest, ReleaseProof)
