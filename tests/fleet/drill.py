"""What stands for the drill of a host where only the fleet around it is tested: a short process.

It `ends` whatever its parent does, with a good report, or `heeds` the end of that, and leaves none.
"""

from __future__ import annotations

import json

from pytest_rollback.evidence.json_data import dump
from pytest_rollback.run.run_record import RunRecord

KINDS = ("ends", "heeds")
"""How a short drill takes the end of its parent."""

SECONDS = 0.5
"""How long it takes: long enough to be killed in the middle."""

REPORT = json.dumps(dump(RunRecord(verdict="RECOVERED")))

DRILL = f"""
import os, pathlib, signal, sys, time
os.dup(1)
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # as pytest does
place, kind = pathlib.Path(sys.argv[1]), sys.argv[2]
if kind == "heeds":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
else:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep({SECONDS})
(place / "reports/run").mkdir(parents=True)
(place / "reports/run/report.json").write_text({REPORT!r})
"""


def words(place: str, kind: str) -> list[str]:
    """Return what Python is told: the drill, the folder of its host, and its kind.

    Raises:
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind}: expected one of {', '.join(KINDS)}")
    return ["-c", DRILL, place, kind]
