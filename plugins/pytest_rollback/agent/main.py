"""The agent's front door: a request in, its answers out, no secret among them."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from typing import Any, Dict, List

from . import protocol
from .errors import HostError, way_out
from .protocol import known, scrub
from .routes import found


def answer(question: Dict[str, Any]) -> Dict[str, Any]:
    """Return the value of one question, or the problem that stood in its way."""
    name = "{}.{}".format(question.get("noun"), question.get("verb"))
    _heard(question)
    try:
        return {"value": found(name)(question)}
    except HostError as problem:
        return {"problem": {"message": problem.message, "hint": problem.hint, "kind": problem.kind}}
    except OSError as error:
        where = f"{error.filename or ''}"
        return {
            "problem": {
                "message": f"{name}: {error.strerror or error}: {where}".rstrip(": "),
                "hint": way_out(error.errno, where or question.get("state") or "/"),
                "kind": "refused",
            }
        }
    except Exception:  # noqa: BLE001 - our bug must reach the controller as one, framed
        import traceback  # noqa: PLC0415 - costs every request 4 ms, and is for our bugs only

        return {"bug": traceback.format_exc()}


def _heard(question: Dict[str, Any]) -> None:
    """Note that the holder of the question's run is alive: its lease is touched."""
    if question.get("run") and question.get("state"):
        with contextlib.suppress(OSError):
            os.utime("{state}/runs/{run}/lease.json".format(**question))


def serve(request: Dict[str, Any]) -> bytes:
    """Return the framed answers to a request."""
    gc.set_threshold(100_000)  # many small records live to the end: looking for rings finds none
    # What a dropped connection interrupts is finished: a printing agent would die by SIGPIPE.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    answers: List[Dict[str, Any]] = [answer(question) for question in request["ask"]]
    clean = scrub(answers, known(request.get("secrets", ())))
    return protocol.frame({"protocol": protocol.PROTOCOL, "answers": clean})
