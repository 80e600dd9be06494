"""What is asked of a host, as data, and what it answered: typed by the route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypedDict

from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.messages.secrets import SecretFiles
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.protocol import Answer, Request, Route
from pytest_rollback.errors import RollbackError

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import System


@dataclass(frozen=True, eq=False)
class Call(Generic[Request, Answer]):
    """One request to a host.

    Args:
        route: what is asked; it names the types of the request and of the answer.
        request: the request.
        seconds: how long the host may take.
    """

    route: Route[Request, Answer]
    request: Request
    seconds: float = 60.0

    @property
    def name(self) -> str:
        """The name of the route, such as `units.look`."""
        return self.route.name

    def asked(self) -> dict[str, object]:
        """Return the request as it travels: a named tuple is an array in JSON."""
        return {"route": self.name, "request": self.request}


AnyCall = Call[Any, Any]


class ReplyProblem(TypedDict):
    """An error instead of an answer: message, hint and kind of error."""

    message: str
    hint: str
    kind: str


class AgentReply(TypedDict, total=False):
    """What the agent says to one request: one of these."""

    value: object
    problem: ReplyProblem
    bug: str


class Answers:
    """What a host answered to several calls that travelled together.

    Args:
        calls: the calls.
        settled: for each of them its answer, or the error that stood in its way.
    """

    def __init__(self, calls: Sequence[AnyCall], settled: Sequence[object]) -> None:
        self._settled = {id(call): each for call, each in zip(calls, settled, strict=True)}
        self._calls = tuple(calls)  # as long as they live, nothing else has their id

    def of(self, call: Call[Request, Answer]) -> Answer:
        """Return the answer to a call.

        Raises:
            RollbackError: what stood in its way.
        """
        found: Any = self._settled[id(call)]
        if isinstance(found, RollbackError):
            raise found
        answer: Answer = found
        return answer

    def error(self, call: AnyCall) -> RollbackError | None:
        """Return the error instead of an answer, None if there is an answer."""
        found = self._settled[id(call)]
        return found if isinstance(found, RollbackError) else None

    def among(self, calls: Sequence[AnyCall]) -> Answers:
        """Return the answers to some of the calls."""
        return Answers(calls, [self._settled[id(call)] for call in calls])


def credentials(system: System) -> tuple[str, ...]:
    """Return the module that reads what probes need to be let in, where any probe does."""
    has = any(each.tls or each.secret_headers for each in system.probes.values())
    return ("observe.probes.credentials",) if has else ()


def of_system(system: System, calls: Iterable[AnyCall]) -> tuple[tuple[str, ...], str]:
    """Return what is special about the modules that a system's host is sent for some calls.

    Returns:
        Modules beside those that answer, and the service manager that is asked.
    """
    asked = tuple(calls)
    named = (*credentials(system), *releases(system, asked))
    more = (*named, *containers(system), *engines(system, asked))
    return more, one_manager(system, asked)


def releases(system: System, calls: Iterable[AnyCall]) -> tuple[str, ...]:
    """Return the module that takes a release back, for an undo where commands have brought it."""
    wanted = system.release.commands and any(isinstance(c.request, UndoRequest) for c in calls)
    return ("backup.strategies.returned",) if wanted else ()


def engines(system: System, calls: Iterable[AnyCall]) -> tuple[str, ...]:
    """Return the modules that take a restored database back, or migrate it forward, for an undo."""
    engine = system.database.engine if system.database else "postgresql"
    wanted = any(isinstance(call.request, UndoRequest) for call in calls)
    forward = system.database and system.database.migrate
    more = ("database.previous.downgrade.upgrade",) if forward else ()
    return (f"database.{engine}.swap", *more) if wanted else ()


def containers(system: System) -> tuple[str, ...]:
    """Return the module that tells containers of units, where the releases of a system are some."""
    runs = system.services.manager == "systemd" and bool(system.release.images)
    return ("services.compose.contained",) if runs else ()


def one_manager(system: System, calls: Iterable[AnyCall]) -> str:
    """Return the service manager of a system, if no call asks another one; "" where one does."""
    name = system.services.manager
    asked = {each for call in calls for each in _managers(call.request)}
    return name if asked <= {name, ""} else ""


def _managers(request: object) -> Iterator[str]:
    """Yield the names of the service managers that a request has, or a part of it."""
    if isinstance(request, ManagerAddress):
        yield request.name
    elif isinstance(request, tuple):
        named = getattr(request, "manager", None)
        yield from [named] if isinstance(named, str) else []
        for each in request if hasattr(request, "_fields") else ():
            yield from _managers(each)


def secret_files(system: System) -> SecretFiles | None:
    """Return where the declared secret files of a system are; None where it has none."""
    about = system.about
    if not about.secrets:
        return None
    return SecretFiles(about.root, about.state, about.suffix, about.secrets)
