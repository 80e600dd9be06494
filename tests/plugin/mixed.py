"""A shop of two parts under a real supervisord: one component's files, and one that commands lead.

`web` is kept by copies of its files, or behind a link; `till` is a vendor's, which a command leads
to another of its releases. Each answers which release of it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_rollback.agent.system.processes import family, processes
from pytest_rollback.manifest.release import LINKS, STATE
from tests.plugin.commanded import BUSY
from tests.plugin.operator import HEEDING, REPOSITORY
from tests.plugin.shop import SERVICE, Shop

ARM = "--arm=corner"
LOOK = """#!/bin/sh
if [ -e {home}/hold ] && grep -q '"release": "1"' {web}; then
    touch {home}/held
    sleep 60
fi
readlink {live}
"""
"""Prints what is live; while it is held, it waits once the files of the other part are back."""


class MixedShop(Shop):
    """The shop of two parts.

    Args:
        home: a directory of the test's own.
        kept: how `web` is kept: `state` or `links`.
    """

    def __init__(self, home: Path, kept: str) -> None:
        super().__init__(home)
        self.kept, self.live = kept, self.root / "vendor/live"
        self.web = self.root / ("current" if kept == LINKS else "") / "web/serve.py"

    def up(self) -> None:
        """Install the first release, save it by the command, deploy the second, and start it."""
        for name in ("1", "2"):
            _served(self.root / "vendor" / name / "serve.py", name)
            if self.kept == LINKS:
                _served(self.root / "releases" / name / "web/serve.py", name)
        self.lead("1")
        self.look = self.home / "look"
        self.look.write_text(LOOK.format(home=self.home, live=self.live, web=self.web))
        self.look.chmod(0o755)
        self.describe()
        self.saved()
        self.lead("2")
        self.start()
        self.wait(("2", "2"))

    def saved(self, *more: str) -> None:
        """Save the release that is live, with all its parts."""
        code, printed = self.rollback("save", *self.release, *self.named, *more)
        assert code == 0, printed

    release = ("--previous=1", "--current=2")

    @property
    def named(self) -> tuple[str, ...]:
        """The files that a deploy changes one by one."""
        return ("web/serve.py",) if self.kept == STATE else ()

    def lead(self, name: str) -> None:
        """Make a release of both parts live, as a deploy does."""
        _linked(self.live, name)
        if self.kept == LINKS:
            _linked(self.root / "current", f"releases/{name}")
        else:
            _served(self.web, name)

    def again(self) -> None:
        """Make the second release live once more, with its first one recorded."""
        self.lead("1")
        self.describe()
        self.saved("--replace")
        self.lead("2")
        self.control("restart", "all")
        self.wait(("2", "2"))

    def document(self) -> dict[str, Any]:
        """Return the description: `till` has a strategy of its own."""
        document = super().document()
        for each in document["components"]:
            each["files"] = ["web/**"] if each["name"] == "web" and self.kept == STATE else []
        document["components"][1]["strategy"] = "commands"
        commands = {
            "look": [str(self.home / "look")],
            "return": ["ln", "-sfn", "1", str(self.live)],
            "undo": ["ln", "-sfn", "2", str(self.live)],
            "proves": ["grep", "-q", '"release": "1"', f"{self.live}/serve.py"],
            "timeout": "90s",
            "change_timeout": "10s",
        }
        how = {"backups": "state"} if self.kept == STATE else {"strategy": "links"}
        budgets = {"files": "20m", "isolate": "5m"}
        document["system"]["rto"] = "60m"
        more = {"budgets": budgets, "waivers": BUSY}
        return {**document, "release": {**how, "commands": commands}, **more}

    def sections(self) -> list[str]:
        """Return both units."""
        served = {"web": self.web, "till": self.live / "serve.py"}
        return [
            f"[program:shop-{name}]\ncommand={sys.executable} {path} {self.ports[name]}\n"
            f"redirect_stderr=true\nstdout_logfile={self.home}/{name}.log\n"
            for name, path in served.items()
        ]

    @property
    def running(self) -> tuple[str, str]:
        """Which release of each component answers, "" where none does."""
        first, second = (_answered(self.ports[name]) for name in ("web", "till"))
        return first, second

    def wait(self, wanted: tuple[str, str]) -> None:
        """Wait until these releases answer."""
        until = time.monotonic() + 60
        while self.running != wanted:
            assert time.monotonic() < until, self.running
            time.sleep(0.1)

    @contextlib.contextmanager
    def cut_between_the_parts(self) -> Iterator[None]:
        """Kill a drill once the files are back, and before any command of the other part ran."""
        hold, held = self.home / "hold", self.home / "held"
        hold.touch()
        where = f"--rollback-target={self.manifest}"
        command = [*HEEDING, sys.executable, "scripts/rollback", "drill", where, ARM]
        drill = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "ROLLBACK_REPORTS": str(self.reports)},
            start_new_session=True,
        )
        try:
            until = time.monotonic() + 600
            while not held.exists():
                assert time.monotonic() < until
                assert drill.poll() is None
                time.sleep(0.1)
            yield
        finally:
            table = {one.pid: one for one in processes()}
            for pid in family(table, [drill.pid]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            drill.wait()
            hold.unlink()
            held.unlink(missing_ok=True)

    def pids(self) -> str:
        """Return what the manager says of its units, with their processes."""
        return "".join(each.partition("uptime")[0] for each in self.control("status").splitlines())


def _served(path: Path, release: str) -> None:
    """Write the program of a release in the place of another one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(SERVICE.replace('"fine"', f'"fine", "release": "{release}"'))


def _linked(path: Path, target: str) -> None:
    """Lead a link to a target."""
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _answered(port: int) -> str:
    """Return the release that answers on a port, "" where none does."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as answer:
            return str(json.load(answer)["release"])
    except (OSError, ValueError):
        return ""
