"""How a host is reached: one testinfra connection, one agent, one round trip per request."""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import logging
import shlex
import threading
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollback.agent import wire
from rollback.errors import LockHeld, Refused, RollbackError, Unfinished, Unreachable

if TYPE_CHECKING:
    from rollback.model import System

AGENT = Path(__file__).with_name("agent")
KINDS: Mapping[str, type[RollbackError]] = {
    "refused": Refused,
    "held": LockHeld,
    "unreachable": Unreachable,
    "unfinished": Unfinished,
}
LONGEST = 120_000
"""Bytes that fit into one argument: the kernel takes 128 KiB."""
GRACE = 5.0
"""Seconds after a request's deadline when we stop waiting for its answer."""

# Modules are loaded from memory: the host's disk may be full, and nothing must stay behind on it.
BOOT = """
import base64,importlib.abc,importlib.machinery,io,json,sys,zipfile
z=zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.argv[1])))
class F(importlib.abc.MetaPathFinder,importlib.abc.Loader):
 def find_spec(self,n,p=None,t=None):
  if n=='agent' or n.startswith('agent.'):
   return importlib.machinery.ModuleSpec(n,self,is_package=n=='agent')
 def create_module(self,s):return None
 def exec_module(self,m):
  f='agent/'+(m.__name__[6:] or '__init__')+'.py'
  exec(compile(z.read(f),f,'exec'),m.__dict__)
sys.meta_path.insert(0,F())
from agent.entry import serve
sys.stdout.buffer.write(serve(json.loads(base64.b64decode(sys.argv[2]))))
"""


@functools.cache
def payload() -> str:
    """Return the agent as one compressed zip in base64. The same sources give the same text."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(AGENT.glob("*.py")):
            entry = zipfile.ZipInfo(f"agent/{source.name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, source.read_bytes())
    return base64.b64encode(memory.getvalue()).decode("ascii")


def agent_sha256() -> str:
    """Return the hash that a report states of the agent that was sent."""
    return hashlib.sha256(payload().encode("ascii")).hexdigest()


class Connection:
    """One host, asked through testinfra.

    Args:
        system: says how the host is reached and which files hold secrets.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.trips = 0

    @functools.cached_property
    def host(self) -> Any:  # noqa: ANN401 - testinfra ships no types
        """The testinfra host, for single facts."""
        import testinfra  # noqa: PLC0415 - only runs that reach a host pay for it

        logging.getLogger("testinfra").setLevel(logging.WARNING)  # it logs every command
        target = self.system.target
        return testinfra.get_host(target.connection, sudo=target.sudo)

    def ask(self, noun: str, verb: str, *, deadline: float = 60.0, **arguments: object) -> Any:  # noqa: ANN401
        """Return the agent's answer to one question; one round trip.

        Raises:
            RollbackError: of the kind that the agent named.
        """
        (value,) = self.ask_all([{"noun": noun, "verb": verb, **arguments}], deadline=deadline)
        return value

    def ask_all(self, questions: Iterable[Mapping[str, object]], *, deadline: float) -> list[Any]:
        """Return the answers to several questions, in their order; one round trip."""
        root = self.system.about.root
        request = {
            "protocol": wire.PROTOCOL,
            "ask": list(questions),
            "deadline": deadline,
            "secrets": [f"{root}/{path}" for path in self._secret_files()],
        }
        answer = wire.unframe(self._carry(request, deadline))
        if answer is None:
            raise Unreachable(
                f"no whole answer from {self.system.target.connection}",
                hint="run the same command again; it asks what was done and goes on from there",
            )
        return [self._value(item) for item in answer["answers"]]

    def _secret_files(self) -> Iterable[str]:
        about = self.system.about
        return (path + end for path in about.secrets for end in ("", about.suffix))

    @staticmethod
    def _value(answer: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if "bug" in answer:
            raise RuntimeError(f"a bug in the agent:\n{answer['bug']}")
        if "problem" in answer:
            problem = answer["problem"]
            raise KINDS.get(problem["kind"], Refused)(problem["message"], hint=problem["hint"])
        return answer["value"]

    def _carry(self, request: Mapping[str, object], deadline: float) -> bytes:
        text = base64.b64encode(json.dumps(request).encode("ascii")).decode("ascii")
        if len(text) > LONGEST:
            raise Refused(
                f"the request is {len(text)} bytes, one argument holds {LONGEST}",
                hint="name fewer files at once",
            )
        python = self.system.target.python
        command = shlex.join(
            [
                "timeout",
                "-k",
                "5",
                str(int(deadline) + 1),
                python,
                "-I",
                "-c",
                BOOT,
                payload(),
                text,
            ]
        )
        self.trips += 1
        result = self._bounded(command, deadline + GRACE)
        if result.rc == 127:  # noqa: PLR2004 - the shell's word for "no such command"
            raise Unreachable(
                f"{python} was not found on {self.system.target.connection}",
                hint="install Python 3.8 or later there, or name it in [target] python",
            )
        return bytes(result.stdout_bytes)

    def _bounded(self, command: str, seconds: float) -> Any:  # noqa: ANN401
        """Return the command's result, or give up on it: testinfra itself would wait for ever."""
        outcome: list[Any] = []
        problems: list[Exception] = []

        def carry() -> None:
            try:
                outcome.append(self.host.run(command))
            except Exception as problem:  # noqa: BLE001 - whatever it is, the host was not reached
                problems.append(problem)

        thread = threading.Thread(target=carry, daemon=True)
        thread.start()
        thread.join(seconds)
        if outcome:
            return outcome[0]
        why = "lost" if problems else f"silent for {seconds:.0f} s"
        raise Unreachable(
            f"{self.system.target.connection} is {why}",
            hint="try the connection by hand; what was under way may be done or not: run the "
            "same command again, it looks first",
        )
