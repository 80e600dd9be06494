"""Forty programs under a real supervisord: as derived from their files, so they run, by /proc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units import live, manager
from pytest_rollback.agent.configuration.units.definition import TriedTree
from pytest_rollback.agent.configuration.units.sources import Installed
from pytest_rollback.agent.configuration.units.surroundings import Surroundings, derived
from pytest_rollback.agent.messages.services.units import ManagerAddress

WAIT = f"{sys.executable} %(here)s/wait.py"
DAEMON = """\
[unix_http_server]
file={home}/s.sock
[supervisord]
nodaemon=true
logfile={home}/d.log
pidfile={home}/d.pid
environment=SHARED="for all",SECOND="2"
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[include]
files=units/*.conf more/%(ENV_KIND)s*.ini
"""
PLAIN: dict[str, str] = {
    "plain": f"command={WAIT}",
    "blanks": f"  \ncommand = {WAIT}   ; said\ndirectory = /tmp",
    "colon": f"command: {WAIT}",
    "upper": f"COMMAND={WAIT}\nDIRECTORY=/",
    "lines": f"command={sys.executable}\n  %(here)s/wait.py\n  a b",
    "quotes": f"command={WAIT} 'a b' \"c d\" e\\ f",
    "percent": f"command={WAIT} 100%%",
    "named": f"command={WAIT} %(program_name)s %(group_name)s",
    "variable": f"command={WAIT} %(ENV_KIND)s",
    "own": f'environment=PORT="81"\ncommand={WAIT} %(ENV_PORT)s',
    "env": f"command=/usr/bin/env A=1 B=2 {WAIT}",
    "env_split": f'command=/usr/bin/env -S "{WAIT}"',
    "shell": f'command=/bin/sh -c "exec {WAIT}"',
    "exports": f'command=/bin/sh -c "export EXTRA=1; exec {WAIT}"',
    "sourced": f'command=/bin/sh -c "set -a; . %(here)s/app.env; exec {WAIT}"',
    "nice": f"command=nice -n 1 {WAIT}",
    "script": "command=%(here)s/script",
    "here": f"command={WAIT}\ndirectory=%(here)s",
    "deep": f"command={WAIT}\ndirectory=%(here)s/%(program_name)s",
    "linked": f"command={WAIT}\ndirectory=%(here)s/link",
    "one": f'command={WAIT}\nenvironment=A="1"',
    "two": f"command={WAIT}\nenvironment=A='x y',B=\"1,2\"",
    "path": f"command={WAIT}\nenvironment=PATH=/usr/bin:/bin",
    "over": f'command={WAIT}\nenvironment=SHARED="mine"',
    "expanded": f'command={WAIT}\nenvironment=A="%(ENV_KIND)s-x",B="%(program_name)s"',
    "placed": f'command={WAIT}\nenvironment=HOME="%(here)s"',
    "wrapped": f'command={WAIT}\nenvironment=\n  A="1",\n  B="2"',
    "empty": f'command={WAIT}\nenvironment=A=""',
    "hash": f'command={WAIT} a#b # c\nenvironment=A="x#y"',
    "common": f'command={WAIT} %(ENV_COMMON)s\nenvironment=A="%(ENV_SECOND)s"',
    "timeout": f"command=timeout 60 {WAIT}",
}
USERS: dict[str, str] = {
    "nobody": "command=/bin/sleep 600\nuser=nobody",
    "number": "command=/bin/sleep 600\nuser=65534\ndirectory=/",
    "daemon": "command=/bin/sleep 600\nuser=daemon\nenvironment=USER=daemon",
}
"""Nobody but root may reach the Python of these tests."""

WHOLE = {
    "pool": f"[program:pool]\ncommand={WAIT} %(process_num)d\nnumprocs=2\n"
    'process_name=%(program_name)s_%(process_num)02d\nenvironment=N="%(process_num)d"\n',
    "late": f"[program:late]\ncommand={WAIT} %(process_num)d of %(numprocs)d\nnumprocs=2\n"
    "numprocs_start=7\nprocess_name=%(program_name)s-%(process_num)d\n",
    "group": f"[program:left]\ncommand={WAIT} %(group_name)s\n[program:right]\ncommand={WAIT}\n"
    "[group:both]\nprograms=left, right\n",
    "again": "[program:plain]\nenvironment=AGAIN=yes\n",
    "common": "[supervisord]\n"
    'environment=SHARED="for all",SECOND="%(ENV_KIND)s",COMMON="%(here)s"\n',
}
UNITS = ["pool:pool_00", "pool:pool_01", "late:late-7", "late:late-8", "both:left", "both:right"]
SHELLS = ("exports",)
"""Programs whose shell sets what no file of theirs tells: the gap has to be named."""

OTHERS = ("timeout",)
"""Programs whose process is the wrapper, which waits for theirs."""


class Daemon:
    """A supervisord with all of the programs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        programs = PLAIN | (USERS if os.geteuid() == 0 else {})
        (home / "units").mkdir()
        (home / "more").mkdir()
        for name, text in programs.items():
            (home / f"units/{name}.conf").write_text(f"[program:{name}]\n{text}\n")
        for name, text in WHOLE.items():
            kind = "more/shop-{}.ini" if name in ("group", "again", "common") else "units/z-{}.conf"
            (home / kind.format(name)).write_text(text)
        for place in ("units", "more"):
            (home / place / "wait.py").write_text("import time\ntime.sleep(600)\n")
        (home / "units/script").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
        (home / "units/script").chmod(0o755)
        (home / "units/deep").mkdir()
        (home / "units/link").symlink_to("deep")
        (home / "units/app.env").write_text("FROM_FILE='a b'\n")
        (home / "d.conf").write_text(DAEMON.format(home=home))
        self.units = [*programs, *UNITS]
        words = [sys.executable, "-m", "supervisor.supervisord", "-c", "d.conf"]
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.process = subprocess.Popen(
            words, cwd=home, env={**kept, "KIND": "shop"}, stdout=subprocess.DEVNULL
        )

    def facts(self) -> manager.ManagerFacts:
        """Return what is known of the manager, once all programs have become what they are."""
        address = ManagerAddress("supervisord", str(self.home / "s.sock"))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            facts = manager.asked(address, str(self.home / "units"), self.units)
            found = [live.found(facts, unit) for unit in self.units] if facts.pid else [None]
            if all(each and "supervisord" not in " ".join(each.argv[:4]) for each in found):
                return facts
            time.sleep(0.1)
        raise AssertionError((self.home / "d.log").read_text())


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """All programs, running."""
    home = Path(tempfile.mkdtemp(prefix="forty-"))
    home.chmod(0o755)
    daemon = Daemon(home)
    yield daemon
    daemon.process.terminate()
    daemon.process.wait(30)
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def facts(daemon: Daemon) -> manager.ManagerFacts:
    """What is known of the manager."""
    return daemon.facts()


def expected(facts: manager.ManagerFacts, unit: str) -> Surroundings:
    """Return how a unit runs by its files."""
    return derived(facts, manager.defined(facts, unit, Installed()), TriedTree((), "/"))


def test_every_program_is_as_derived(daemon: Daemon, facts: manager.ManagerFacts) -> None:
    """User, directory, environment and interpreter equal /proc/PID, or the gap is named."""
    assert len(daemon.units) >= (36 if os.geteuid() else 39)
    for unit in daemon.units:
        found, process = expected(facts, unit), live.found(facts, unit)
        assert process is not None, unit
        gaps = list(live.differences(process, found))
        if unit in SHELLS:
            assert gaps == ["the process has variables that its unit does not set: EXTRA"], unit
            assert live.exported(process, found) == {"EXTRA": "1"}
            continue
        if unit == "env":
            assert gaps == ["the process has variables that its unit does not set: A, B"], unit
            continue
        assert gaps == [], unit
        assert found.missing == (), unit
        assert process.directory == os.path.realpath(found.directory), unit
        if unit not in (*OTHERS, *USERS):
            assert process.argv[0] == found.program.interpreter, unit


def test_the_words_of_a_program_are_those_of_its_process(
    daemon: Daemon, facts: manager.ManagerFacts
) -> None:
    """Where nothing stands between, the argv that was read is the one in /proc."""
    straight = ("quotes", "lines", "percent", "named", "variable", "own", "hash", *UNITS)
    for unit in straight:
        process, main = live.found(facts, unit), expected(facts, unit).unit.main
        assert process, unit
        assert main, unit
        assert process.argv == main.argv, unit
    assert daemon.process.poll() is None
