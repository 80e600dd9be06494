"""Plays a defect from end to end on a sandbox: spoil it, run the suites, read what they say."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_rollback.agent.services.presence import traces
from pytest_rollback.agent.system import processes
from tests.plugin.operator import FINE
from tests.plugin.village import Village
from tests.sabotage.defect import GOOD, Defect, Stage

PATIENCE = 120.0
"""Seconds that the script of a defect may take."""

MEASURED = (
    "readiness.baseline.stored",
    "validate.latency.within_baseline",
    "validate.latency.within_limit",
)
"""What measures times, and is red on a host that has much to do."""

PLAYED = "ROLLBACK_PLAYED"
"""The variable by which what a script has started is known, however far it went."""

SUPERVISED = "SUPERVISOR_SERVER_URL"
"""The variable of all that a supervisord starts."""

AGAIN = 3
"""Times that a defect is played where only times are against it."""

NOT_RED = FINE | {"not reached", "waived", "not applicable"}


@dataclass(frozen=True)
class Ending:
    """What a run said of a defect.

    Args:
        verdict, code: its words and its exit code; "refused" where it ended before any criterion.
        red: the criteria that were not met or inconclusive, with the component where there is one.
        advisories: those that only advise.
        printed: all of it, for whoever reads a failure.
        seconds: how long it took.
    """

    verdict: str
    code: int
    red: tuple[str, ...]
    advisories: tuple[str, ...]
    printed: str
    seconds: float

    @property
    def ids(self) -> set[str]:
        """The criteria that are red."""
        return {each.partition(" ")[0] for each in self.red}

    def beside(self, defect: Defect) -> list[str]:
        """Return what is red and may not be."""
        return [each for each in self.red if not defect.allows(each.partition(" ")[0])]

    def hurried(self, defect: Defect) -> bool:
        """Whether only times are against what is harmless."""
        beside = self.beside(defect)
        return defect.harmless and bool(beside) and all(b.startswith(MEASURED) for b in beside)

    def faults(self, defect: Defect) -> Iterator[str]:
        """Yield what is wrong with it, beginning with the worst."""
        good, wanted = self.verdict in GOOD, defect.wanted
        if self.verdict not in wanted:
            kind = "false green" if good else "false red" if defect.harmless else "wrong verdict"
            yield f"{kind}: {self.verdict}, wanted {' or '.join(sorted(wanted))}"
        elif good != (self.code == 0):
            yield f"exit code {self.code} with {self.verdict}"
        if not defect.needs(self.ids):
            yield f"none of {', '.join(defect.red)} is red, but {', '.join(self.red) or 'nothing'}"
        beside = self.beside(defect)
        if not defect.harmless:
            beside = [each for each in beside if not each.startswith(MEASURED)]
        if beside:
            yield f"red as well: {', '.join(beside)}"
        if defect.said not in " ".join(self.printed.split()):
            yield f"does not say {defect.said!r}"
        if any(line.startswith("Traceback (most") for line in self.printed.splitlines()):
            yield "a traceback"


def _place(pid: int) -> str:
    """Return the directory in which a process works, "" where it has ended."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except OSError:
        return ""


class Player:
    """A sandbox that can be brought to each stage, for one process that runs tests."""

    def __init__(self) -> None:
        self.village = Village()
        self.mark = str(self.village.root)
        self.kept: dict[Stage, Path] = {}
        self._keep("deployed")

    def _keep(self, stage: Stage) -> None:
        """Keep a copy of how the sandbox is now."""
        layout = self.village.embedded.site.layout
        place = layout.pristine.with_name(f"kept-{stage}")
        shutil.copytree(layout.pristine, place, symlinks=True, dirs_exist_ok=True)
        self.kept[stage] = place

    def bring(self, stage: Stage, scenario: str) -> None:
        """Bring the sandbox to a stage; nothing of what was played before goes on."""
        self._clear()
        start: Stage = "restored" if stage == "restored" else "deployed"
        if start not in self.kept:
            self._roll_back()
        layout = self.village.embedded.site.layout
        shutil.rmtree(layout.pristine)
        shutil.copytree(self.kept[start], layout.pristine, symlinks=True)
        self.village.reset()
        subprocess.run(  # what a script has added to the manager goes
            [*self.words()["CTL"].split(), "update"], check=True, capture_output=True
        )
        self._clear()
        if stage == "broken":
            self.village.embedded.break_(scenario)

    def _clear(self) -> None:
        """End what a script has started, and what left its unit or belongs to a removed root."""
        url = f"unix://{self.village.embedded.site.layout.socket}"
        table = {one.pid: one for one in processes.processes() if one.lives}
        found = {pid: processes.environ(pid) or {} for pid in table}
        ours = {pid for pid, words in found.items() if words.get(SUPERVISED) == url}
        for pid, one in table.items():
            leader = table.get(one.group)
            apart = leader is None or leader.parent == 1 or leader.parent in ours
            left = pid in ours and (apart or _place(pid).endswith(traces.GONE))
            if left or found[pid].get(PLAYED) == self.mark:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _roll_back(self) -> None:
        """Roll a bad release back, and keep what came of it."""
        from pytest_rollback.extras.sandbox.local import pristine  # noqa: PLC0415

        self.bring("broken", "degraded")
        code, printed = self.village.arm("suites/drill")
        if code:
            raise AssertionError(printed)
        pristine.take(self.village.embedded.site)
        self._keep("restored")

    def play(self, defect: Defect) -> Ending:
        """Play one defect, again where the host was too busy; return what the suites said."""
        for _ in range(AGAIN):
            ending = self._play(defect)
            if not ending.hurried(defect):
                break
        return ending

    def _play(self, defect: Defect) -> Ending:
        self.bring(defect.stage, defect.scenario)
        self.village.describe(**self._described(defect))
        words = self.words()
        self._script(defect.do, words)
        began = time.monotonic()
        with self._beside(defect.meanwhile, words):
            code, printed = self._suites(defect)
        return self._ending(code, printed, time.monotonic() - began)

    def _described(self, defect: Defect) -> dict[str, Any]:
        document = self.village.document()
        for name, keys in defect.component.items():
            for component in document["components"]:
                if component["name"] == name:
                    component.update(keys)
        for table, keys in defect.manifest.items():
            old = document.get(table)
            merged = isinstance(keys, dict) and isinstance(old, dict)
            document[table] = {**old, **keys} if merged else keys
        return document

    def _suites(self, defect: Defect) -> tuple[int, str]:
        """Run the suites of a defect; none where its own script has run them."""
        suites = [f"suites/{suite}" for suite in defect.played]
        armed = ["--arm=sandbox"] if "drill" in defect.played else []
        shutil.rmtree(self.village.reports, ignore_errors=True)
        return self.village.pytest(*suites, *armed, *defect.options)

    def _ending(self, code: int, printed: str, seconds: float) -> Ending:
        if not (self.village.reports.is_dir() and any(self.village.reports.glob("*/report.json"))):
            return Ending("refused", code, (), (), printed, seconds)
        record = self.village.record()
        rows = [
            (row["outcome"], f"{row['id']} [{row['component']}]" if row["component"] else row["id"])
            for row in record["criteria"]
        ]
        red = tuple(sorted(name for outcome, name in rows if outcome not in NOT_RED))
        advisories = tuple(sorted(name for outcome, name in rows if outcome == "advisory"))
        return Ending(record["verdict"], code, red, advisories, printed, seconds)

    def words(self) -> dict[str, str]:
        """Return the variables that scripts of defects have besides those of this process."""
        site, manifest = self.village.embedded.site, self.village.manifest
        document = tomllib.loads(manifest.read_text())
        python = sys.executable
        return {
            PLAYED: self.mark,
            "ROOT": str(site.layout.root),
            "STATE": str(site.layout.state),
            "UNITS": str(site.layout.units),
            "LOGS": str(site.layout.logs),
            "PAGE": document["maintenance"]["page"],
            "DUMP": document["database"]["dump"],
            "EDGE": document["edge"]["url"],
            "MANIFEST": str(manifest),
            "PYTHON": python,
            "RECORD": f"{python} {Path(__file__).with_name('record.py')}",
            "CTL": f"{python} -m supervisor.supervisorctl -s unix://{site.layout.socket}",
            "PSQL": f"psql -h {document['database']['host']} -p {document['database']['port']} "
            f"-U postgres {document['database']['name']}",
            "PYTEST": f"{python} -m pytest --rollback-target={manifest} "
            f"-o rollback_reports={self.village.reports}",
            **{f"PORT_{name.upper()}": str(port) for name, port in site.ports.items()},
            "PATH": f"{document['database']['tools']}:{os.environ['PATH']}",
        }

    def _script(self, script: str, words: dict[str, str]) -> None:
        done = subprocess.run(
            ["bash", "-euc", script],
            env={**os.environ, **words},
            cwd=self.village.root,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"the script of the defect failed:\n{done.stdout}{done.stderr}")

    @contextmanager
    def _beside(self, script: str, words: dict[str, str]) -> Iterator[None]:
        if not script:
            yield
            return
        process = subprocess.Popen(
            ["bash", "-uc", script],
            env={**os.environ, **words},
            cwd=self.village.root,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def down(self) -> None:
        """End the sandbox."""
        self.village.down()
