"""The entry point of the agent: requests in, answers without secrets out."""

from __future__ import annotations

import errno
import gc
import importlib
import signal
from typing import Any, Callable, Dict, List

from . import protocol
from .errors import HostError, way_out
from .messages.secrets import SecretFiles
from .routes import found
from .state import last_sign


def answer(question: Dict[str, Any]) -> Dict[str, Any]:
    """Return the value of one request, or the problem that stood in its way.

    `question` has the name of the `route` and the `request` as an array.
    """
    name, state = str(question.get("route")), ""
    try:
        function = found(name)
        request = decoded(function, question.get("request"))
        state = heard(request)
        return {"value": function(request)}
    except HostError as problem:
        return {"problem": {"message": problem.message, "hint": problem.hint, "kind": problem.kind}}
    except OSError as error:
        where = f"{error.filename or ''}"
        return {
            "problem": {
                "message": f"{name}: {error.strerror or error}: {where}".rstrip(": "),
                "hint": way_out(error.errno, where or state or "/"),
                "kind": "refused",
            }
        }
    except Exception as error:  # noqa: BLE001 - our bug must reach the controller as one, framed
        for words, what in SHORT.items():
            if words in repr(error):
                said = f"{name}: the host gives us no more {what}"
                short = {"message": said, "hint": way_out(errno.ENOMEM, "/"), "kind": "unfinished"}
                return {"problem": short}
        import traceback  # noqa: PLC0415 - costs every request 4 ms, and is for our bugs only

        return {"bug": traceback.format_exc()}


SHORT = {"MemoryError(": "memory", "start new thread": "threads"}
"""What an error says that is no bug of ours: the host, or a limit of it, is short of something."""


def decoded(function: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - any JSON in
    """Return the request that a function takes, as the annotation of its parameter says.

    Raises:
        HostError: what came is of another type.
    """
    kind = str(function.__annotations__.get(function.__code__.co_varnames[0]))
    return protocol.decode(function.__globals__[kind], value)


def heard(request: Any) -> str:  # noqa: ANN401 - every request
    """Note that the holder of the run is alive, and return the state directory.

    Who asks about a run, and not where it lies, is not its holder.
    """
    location = getattr(request, "location", None)
    state, run = getattr(location or request, "state", ""), getattr(location, "run", "")
    if state and run:
        last_sign.note(f"{state}/runs/{run}")
    return str(state or "")


def serve(request: Dict[str, Any]) -> bytes:
    """Return the framed answers to a request."""
    gc.set_threshold(100_000)  # many small records live to the end: looking for rings finds none
    # What a dropped connection interrupts is finished: a printing agent would die by SIGPIPE.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    answers: List[Dict[str, Any]] = []
    for question in request["ask"]:
        answers.append(answer(question))
        if question.get("first") and answers[-1].get("problem", {}).get("kind") in protocol.BUSY:
            break  # nothing is asked of services that somebody else is working on
    clean = without_secrets(answers, request)
    return protocol.frame({"protocol": protocol.PROTOCOL, "answers": clean})


def without_secrets(answers: List[Dict[str, Any]], request: Dict[str, Any]) -> Any:  # noqa: ANN401
    """Return the answers as they may leave: without the values of the declared secret files.

    What reads these files travels only to hosts that have some. Where it fails, nothing leaves.
    """
    files = request.get("secrets")
    if not files:
        return answers
    try:
        declared = importlib.import_module(f"{__package__}.configuration.secrets.declared")
        return declared.masked(answers, protocol.decode(SecretFiles, files), request["ask"])
    except Exception as error:  # noqa: BLE001 - its text may hold what must not leave
        import traceback  # noqa: PLC0415 - for our bugs only

        line = traceback.extract_tb(error.__traceback__)[-1]
        bug = f"secrets could not be taken out: {type(error).__name__}, {line.name}:{line.lineno}"
        return [{"bug": bug} for _ in answers]
