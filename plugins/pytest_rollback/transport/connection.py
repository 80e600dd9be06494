"""How a host is reached: one testinfra connection, one agent, one round trip per request."""

from __future__ import annotations

import functools
import logging
import shlex
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_rollback.agent import protocol
from pytest_rollback.agent.errors import FINDING, HostError
from pytest_rollback.agent.messages.secrets import SECRETS
from pytest_rollback.agent.protocol import Answer, Request, decode
from pytest_rollback.errors import LockHeld, Refused, RollbackError, Unfinished, Unreachable
from pytest_rollback.manifest.values import shown_connection
from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.transport import lines, memfd
from pytest_rollback.transport.busy import FirstQuestion
from pytest_rollback.transport.call import (
    AgentReply,
    Answers,
    AnyCall,
    Call,
    of_system,
    secret_files,
)
from pytest_rollback.transport.diagnosis import HOST, last, meant
from pytest_rollback.transport.interrupts import INTERRUPTS
from pytest_rollback.transport.lines import HostLine
from pytest_rollback.transport.payload import (
    BOOT,
    agent_sha256,
    arguments,
    fit,
    is_refused,
    needed,
    started,
)
from pytest_rollback.transport.pieces import on_input, sent
from pytest_rollback.transport.subjects import subjects

if TYPE_CHECKING:
    from pytest_rollback.manifest.model import System

__all__ = ["Connection", "agent_sha256"]


KINDS: Mapping[str, type[RollbackError]] = {
    "refused": Refused,
    "held": LockHeld,
    "unreachable": Unreachable,
    "unfinished": Unfinished,
}
GRACE = 5.0
"""Seconds after a request's deadline when we stop waiting for its answer."""
LATE = {124, 137}
"""Exit codes of `timeout`: the command timed out; the command was killed."""


class Connection:
    """One host, asked through testinfra. Close it when the run is over.

    Args:
        system: says how the host is reached and which files hold secrets.
        line: the line to use where somebody else keeps one; it is left open.

    `trips` counts the round trips so far; `line` is that of ssh or of Ansible where there is one.
    """

    def __init__(self, system: System, line: HostLine | None = None) -> None:
        self.system = system
        self.trips = 0
        self._asked = 0.0
        self._needs_sources = self._needs_plain = False
        self._first: FirstQuestion | None = None
        self.line, self._lasting = line, line

    @functools.cached_property
    def where(self) -> str:
        """How messages name the host."""
        return shown_connection(self.system.target.connection)

    @functools.cached_property
    def host(self) -> Any:  # noqa: ANN401 - testinfra ships no types
        """The testinfra host, for single facts."""
        return self._reached(sudo=self.system.target.sudo)

    @functools.cached_property
    def _plain(self) -> Any:  # noqa: ANN401
        """The host as we log in: testinfra's own sudo would stop and ask for a password."""
        host = self._reached(sudo=False)
        by_itself = self.line and self.line.takes_data
        self._sudo = not by_itself and (self.system.target.sudo or host.backend.sudo)
        host.backend.sudo = False
        return host

    def _reached(self, *, sudo: bool) -> Any:  # noqa: ANN401
        import testinfra  # noqa: PLC0415 - only runs that reach a host pay for it

        logging.getLogger("testinfra").setLevel(logging.WARNING)  # it logs every command
        connection = self.system.target.connection
        become = self.system.target.sudo
        self.line = self.line or lines.line_to(connection, self.where, become=become)
        if self.line is None:
            return testinfra.get_host(connection, sudo=sudo)
        self.line.open()
        return self.line.reached(sudo=sudo)

    def close(self) -> None:
        """End what was opened. A question after that opens it again."""
        if self.line and self.line is not self._lasting:
            self.line.close()
        self.line = self._lasting
        for name in ("host", "_plain"):
            self.__dict__.pop(name, None)

    def ask_first(self, question: FirstQuestion) -> None:
        """Have nothing asked as long as its answer is that somebody is at work."""
        self._first = question

    def ask(self, call: Call[Request, Answer]) -> Answer:
        """Return the agent's answer to one call; one round trip.

        Raises:
            RollbackError: of the kind that the agent named.
        """
        return self.ask_all([call], deadline=call.seconds).of(call)

    def ask_all(self, calls: Sequence[AnyCall], *, deadline: float) -> Answers:
        """Return the answers to several calls, or the errors in their places; one round trip.

        Raises:
            RollbackError: the host was not reached, or did not answer within `deadline` seconds.
        """
        INTERRUPTS.stop_here()
        said = self._answers(calls, deadline) if calls else []
        return Answers(calls, [self._settled(*each) for each in zip(calls, said, strict=True)])

    def _answers(self, calls: Sequence[AnyCall], deadline: float) -> list[AgentReply]:
        """Return what the agent said to each call: a value, a problem, or a bug."""
        first = [*self._first.asked()] if self._first else []
        secret = secret_files(self.system)
        taken_out = [SECRETS.name] if secret else []  # their values, on the host
        asked = [self._first.call, *calls] if self._first else calls
        named = [*taken_out, *(call.name for call in asked)]
        about = {"protocol": protocol.PROTOCOL, "deadline": deadline, "secrets": secret}
        request = {**about, "ask": [*first, *(call.asked() for call in calls)]}
        modules, half = needed(named, *of_system(self.system, calls)), len(calls) // 2
        if half and self._is_too_long(modules, request):  # two in the place of one and its pieces
            return [*self._answers(calls[:half], deadline), *self._answers(calls[half:], deadline)]
        with PROGRESS.waiting(f"asks {self.where} for {subjects(calls)}", deadline):
            result = self._handed(modules, request, deadline)
        answer = protocol.unframe(result.stdout_bytes)
        if answer is None:
            raise self._trouble(result, deadline)
        answers: list[AgentReply] = answer["answers"]
        return self._once_idle(calls, answers, deadline) if first else answers

    def _is_too_long(self, modules: frozenset[str], request: object) -> bool:
        """Whether a request does not fit into the arguments of one command."""
        where = self.system.target.connection
        is_far = (self._needs_sources or not memfd.is_near(where)) and not lines.takes_data(where)
        return is_far and not fit(arguments(modules, request, plain=self._needs_plain))

    def _once_idle(
        self, calls: Sequence[AnyCall], answers: list[AgentReply], deadline: float
    ) -> list[AgentReply]:
        """Return the answers but the first; ask again where that has led to another question."""
        first, self._first = self._first, None  # it may have to ask something itself
        again = first
        try:
            again = first and first.judged(answers[0])
        finally:
            self._first = again
        return self._answers(calls, deadline) if again else answers[1:]

    def _handed(self, modules: frozenset[str], request: object, deadline: float) -> Any:  # noqa: ANN401
        """Hand a request over, through memory or along the line; return testinfra's result."""
        self._plain  # noqa: B018 - it knows which line there is
        if memfd.is_near(self.system.target.connection) and not self._needs_sources:
            with memfd.held(modules, request) as words:
                result = self._python(memfd.BOOT, words, deadline)
            self._needs_sources = memfd.is_refused(result.stdout_bytes)
            if not self._needs_sources:
                return result
        if self.line and self.line.takes_data:
            digest, data = on_input(arguments(modules, request, plain=True))
            return self._python(BOOT, digest, deadline, data)
        texts = arguments(modules, request, plain=self._needs_plain)
        with sent(texts, self._python, self._trouble) as words:
            result = self._python(BOOT, words, deadline)
        if not is_refused(result.stdout_bytes) or self._needs_plain:
            return result
        self._needs_plain = True
        return self._handed(modules, request, deadline)

    @staticmethod
    def _settled(call: AnyCall, said: AgentReply) -> object:
        """Return an answer as its route types it, or the error that stood in its way."""
        if "bug" in said:
            raise RuntimeError(f"a bug in the agent:\n{said['bug']}")
        if "problem" in said:
            problem = said["problem"]
            message, *found = problem["message"].split(FINDING)
            kind = KINDS.get(problem["kind"], Refused)
            return kind(message, hint=problem["hint"], findings=found)
        try:
            return decode(call.route.answer, said["value"])
        except HostError as error:
            return Refused(error.message, hint=error.hint)

    def _python(self, script: str, words: Iterable[str], seconds: float, data: bytes = b"") -> Any:  # noqa: ANN401
        """Run a script of ours on the host; return testinfra's result."""
        if self.line:
            self.line.open()
        self._plain  # noqa: B018 - it knows whether sudo is needed
        limit = ("timeout", "-k", "5", str(int(seconds) + 1))
        sudo = ("sudo", "-n") if self._sudo else ()
        python = (self.system.target.python, *started(script))
        self.trips += 1
        self._asked = time.monotonic()
        command = shlex.join([*sudo, *limit, *python, *words])
        return self._bounded(command, seconds + GRACE, **({"data": data} if data else {}))

    def _bounded(self, command: str, seconds: float, **more: bytes) -> Any:  # noqa: ANN401
        """Return the command's result, or give up on it: testinfra itself would wait for ever."""
        outcome: list[Any] = []
        problems: list[Exception] = []

        def carry() -> None:
            try:
                outcome.append(self._plain.run(command, **more))
            except Exception as problem:  # noqa: BLE001 - whatever it is, the host was not reached
                problems.append(problem)

        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        with INTERRUPTS.waiting():
            thread.join(seconds)
        if outcome:
            return outcome[0]
        raise self._lost(problems, seconds)

    def _lost(self, problems: list[Exception], seconds: float) -> Unreachable:
        """Return the error of a host that was reached, and then did not answer."""
        why = "lost" if problems else f"silent for {seconds:.0f} s"
        words = [each.message for each in problems if isinstance(each, RollbackError)]
        if self.line:
            self.line.lost()
        return Unreachable(
            ": ".join([f"{self.where} is {why}", *words]),
            hint="try the connection by hand; changes in progress may be complete or not: run the "
            "same command again, it checks first",
        )

    def _trouble(self, result: Any, seconds: float) -> RollbackError:  # noqa: ANN401
        """Return the error that stands for what a host said instead of an answer."""
        said = (result.stdout_bytes[-2000:] + b"\n" + result.stderr_bytes).decode(
            "utf-8", "replace"
        )
        if result.rc in LATE:
            took = time.monotonic() - self._asked
            late = f"did not finish within {seconds:.0f} s"
            return Unreachable(
                f"{self.where} {late if took >= seconds else 'ended early: the agent was killed'}",
                hint="changes in progress may be complete or not: run the same command again, it "
                "checks first",
            )
        words = {"where": self.where, "python": self.system.target.python}
        return meant(HOST, said, **words) or Unreachable(
            f"incomplete answer from {self.where}: {last(said) or 'no output'}",
            hint="run the same command again; it checks what was done and resumes from there",
        )
