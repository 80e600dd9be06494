"""A shop with a database of any engine: what the conformance tests ask of all of them."""

from __future__ import annotations

import abc
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent import routes
from pytest_rollback.agent.database.messages import (
    ENGINES,
    DatabaseAccess,
    DatabaseRequest,
    DatabaseRestored,
    DatabaseRestoreRequest,
    DatabaseState,
    DumpRequest,
    DumpState,
    Ping,
    PingRequest,
    Rehearsal,
    RehearsalRequest,
)
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.rollback import undo as rollback_undo
from tests.unit.support import requests
from tests.unit.support.databases import dying

if TYPE_CHECKING:
    from pytest_rollback.agent.protocol import Route

ROWS = 2000
SCRATCH = "/var/tmp"  # noqa: S108 - as rollback.toml has it where nothing is said
DAMAGES = ("cut", "empty", "of another database", "schema only", "a table missing", "no dump")
"""What is wrong with a dump, in the words of the tests."""


class Shop(abc.ABC):
    """The database of a shop: its previous release is dumped, its current one is live.

    The live one has a column more than the dump, and other words in `goods`.
    """

    engine: str
    state: Path
    home: Path
    dump: Path

    @abc.abstractmethod
    def fresh(self) -> None:
        """Have the previous release dumped, and the current one live."""

    @abc.abstractmethod
    def damaged(self, how: str) -> None:
        """Have a dump instead that is damaged in one of the ways of `DAMAGES`."""

    @abc.abstractmethod
    def access(self) -> DatabaseAccess:
        """Return how it is reached."""

    @abc.abstractmethod
    def release(self) -> str:
        """Return which release is live: previous, current, or what else it is."""

    @abc.abstractmethod
    def kept(self) -> list[str]:
        """Return what the engine keeps beside the live database: `failed`, `rollback`, ..."""

    @abc.abstractmethod
    def write(self) -> None:
        """Write a row into the live database, as its service does."""

    @abc.abstractmethod
    def sql(self, script: str) -> object:
        """Run statements on the live database, as its service does."""

    def same(self) -> None:
        """Have a dump of what is live now: nothing is missing in it."""
        raise NotImplementedError

    def located(self, run: str = "r1") -> Location:
        """Return where its dump is recorded, for a run."""
        return Location(str(self.home), str(self.state), ".backup", run)

    def ask(self, route: Route[Any, Any], request: object) -> Any:  # noqa: ANN401 - its answer
        """Ask the agent, as the controller would: by the name of the question."""
        answers: Any = routes.found(route.name)
        return answers(request)

    def look(self, run: str = "r1") -> DatabaseState:
        """Look at it."""
        request = DatabaseRequest(self.located(run), self.access(), 60.0)
        found: DatabaseState = self.ask(ENGINES[self.engine].look, request)
        return found

    def restoring(self, digest: str, run: str = "r1") -> DatabaseRestoreRequest:
        """Return the request to restore a dump."""
        return DatabaseRestoreRequest(self.located(run), self.access(), 60.0, digest)

    def restore(self, run: str = "r1") -> DatabaseRestored:
        """Plan and restore."""
        found = self.look(run)
        assert found.problems == ()
        request = self.restoring(found.digest, run)
        done: DatabaseRestored = self.ask(ENGINES[self.engine].restore, request)
        return done

    def undo(self, run: str = "r1") -> None:
        """Undo the run, as `restore.undo` does."""
        rollback_undo.undo(requests.undo(requests.located(self.home, self.state, run)))

    def read(self) -> DumpState:
        """Read the dump to its end."""
        access = self.access()
        request = DumpRequest(access.dump, access.tools, 60.0, access.account, access.scratch)
        found: DumpState = self.ask(ENGINES[self.engine].dump, request)
        return found

    def ping(self, access: DatabaseAccess | None = None) -> Ping:
        """Ask whether it answers."""
        request = PingRequest(access or self.access(), 5.0)
        found: Ping = self.ask(ENGINES[self.engine].answer, request)
        return found

    def rehearse(self, **different: Any) -> Rehearsal:  # noqa: ANN401 - any field of it
        """Rehearse a restore of the dump."""
        request = RehearsalRequest(
            self.located(), self.access(), SCRATCH, 120.0, 0.5, 1 << 30, (), (), ()
        )._replace(**different)
        found: Rehearsal = self.ask(ENGINES[self.engine].rehearse, request)
        return found

    def dying(self, way: str, point: int) -> subprocess.Popen[bytes]:
        """Start the restore, or the undo, in a process that dies before a given step."""
        request = self.restoring(self.look().digest if way == "restore" else "")
        return dying(self.engine, way, point, request)
