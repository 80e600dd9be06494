#!/usr/bin/env python3
"""Readiness and validation of a whole host over ssh, beside plain testinfra, a test per fact.

    .venv/bin/python benchmarks/trips.py

The machine sandbox is the host. Plain testinfra is asked for a part of what the suites look at:
each recorded file's presence, size, sha256 and mode, each unit, each port, each probe. A round trip
is a command that is carried out on the host. Both keep one ssh connection open.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.bench import machine, shown, suite, table
from pytest_rollback.manifest.load import load
from pytest_rollback.manifest.model import System
from tests.machine.host import Host

IDIOM = """
import json, pytest
from testinfra.backend.ssh import SshBackend
FACTS = json.loads(open({facts!r}).read())
COUNT = open({count!r}, "a")
plain = SshBackend.run
def counted(self, command, *args, **kwargs):
    print("trip", file=COUNT, flush=True)
    return plain(self, command, *args, **kwargs)
SshBackend.run = counted

@pytest.mark.parametrize(("path", "sha256", "mode"), FACTS["files"])
def test_file(host, path, sha256, mode):
    found = host.file(path)
    assert found.exists
    assert found.size > 0
    assert found.sha256sum == sha256
    assert found.mode == mode

@pytest.mark.parametrize("unit", FACTS["units"])
def test_unit(host, unit):
    assert host.service(unit).is_running

@pytest.mark.parametrize("port", FACTS["ports"])
def test_port(host, port):
    assert host.socket("tcp://127.0.0.1:" + str(port)).is_listening

@pytest.mark.parametrize("url", FACTS["urls"])
def test_probe(host, url):
    assert host.run("curl -fsS %s", url).rc == 0
"""


class Looked(NamedTuple):
    """How a host was looked at: what was asked, its outcome, seconds and round trips."""

    name: str
    checks: int
    seconds: float
    trips: int


def went_well(ended: tuple[int, str]) -> None:
    """End here with what was printed, unless all criteria were met."""
    code, printed = ended
    if code:
        raise SystemExit(printed)


def ours(host: Host, name: str) -> Looked:
    """Run one of the suites."""
    begun = time.monotonic()
    went_well(host.pytest(f"suites/{name}"))
    record = host.record()
    checks = len(record["criteria"])
    return Looked(f"**suites/{name}**", checks, time.monotonic() - begun, record["round_trips"])


def plain(host: Saved, name: str, suffix: str) -> Looked:
    """Run plain testinfra for the same files, saved or live, units, ports and probes."""
    home = Path(tempfile.mkdtemp(dir=host.home))
    system = load(host.manifest).system
    facts, count, test = home / "facts.json", home / "count", home / "test_host.py"
    facts.write_text(json.dumps(asked(host, system, suffix)))
    test.write_text(IDIOM.format(facts=str(facts), count=str(count)))
    begun = time.monotonic()
    plugins = ("-p", "no:rollback", "-q", "-c", "/dev/null", "--rootdir", str(home))
    where = f"--hosts={system.target.connection}&controlpersist=600"
    suite(str(test), *plugins, where)()
    seconds = time.monotonic() - begun
    number = sum(map(len, asked(host, system, suffix).values()))
    return Looked(name, number, seconds, len(count.read_text().splitlines()))


def asked(host: Saved, system: System, suffix: str) -> dict[str, list[Any]]:
    """Return what plain testinfra is asked."""
    root, kept = str(system.about.root), host.saved
    gets = [probe for probe in system.probes.values() if probe.url and probe.method == "GET"]
    return {
        "files": [(f"{root}/{e['path']}{suffix}", e["sha256"], e["mode"]) for e in kept],
        "units": [component.unit for component in system.components],
        "ports": [port for component in system.components for port in component.listens],
        "urls": [probe.url for probe in gets],
    }


class Saved(Host):
    """A machine whose record of backups was read once."""

    def __init__(self) -> None:
        super().__init__()
        state = load(self.manifest).system.about.state
        self.saved = json.loads(self.run("cat", f"{state}/backups.json"))["files"]


def looks(host: Saved) -> Iterator[Looked]:
    """Yield each way to look: before a deploy that is saved, and after its rollback."""
    yield ours(host, "readiness")
    yield plain(host, "testinfra, a test per fact, before", ".backup")
    went_well(host.drill("suites/drill"))
    yield ours(host, "validate")
    yield plain(host, "testinfra, a test per fact, after", "")


def main() -> None:
    """Measure and print."""
    print(machine(Path(tempfile.gettempdir())), flush=True)
    host = Saved()
    try:
        rows = [
            [each.name, str(each.checks), shown(each.seconds), str(each.trips)]
            for each in looks(host)
        ]
    finally:
        host.machine.down()
    print("\n" + table(["one host, over ssh", "checks", "wall", "round trips"], rows))


if __name__ == "__main__":
    main()
