"""What a host hands over of a run: journals whole, a time of the logs, nothing that is secret."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.rollback.export import Export, ExportRequest
from pytest_rollback.agent.messages.rollback.snapshot import LoggedComponent
from pytest_rollback.agent.rollback import export
from pytest_rollback.agent.state import journal
from tests.unit.support.requests import located


def stamped(when: float, text: str) -> str:
    """Return a line of a log."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(when))} {text}"


class Host:
    """A state directory with one run, and a log."""

    def __init__(self, home: Path) -> None:
        self.state, self.log = home / "state", home / "web.log"
        self.run = self.state / "runs/r1"
        (self.run / "snapshot/configuration/config").mkdir(parents=True)
        (self.run / "snapshot/logs").mkdir()
        for name in ("changes", "journal", "journal-configuration"):
            one = journal.Journal(str(self.run / name))
            one.add("begun", what=name)
            one.close()
        (self.run / "lease.json").write_text("{}")
        self.now = time.time()

    def look(self, run: str = "r1", component: LoggedComponent | None = None) -> Export:
        """Ask for everything."""
        components = (component or LoggedComponent("web", "web", (str(self.log),)),)
        where = located(self.state / "root", self.state, run)
        times = (self.now - 900, self.now + 300)
        return export.look(ExportRequest(where, components, ("config/.env",), *times))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with a run."""
    return Host(tmp_path)


def test_journals_are_whole_and_can_be_verified(host: Host) -> None:
    """All of them, and nothing else of the folder."""
    found = host.look().journals

    assert set(found) == {"changes", "journal", "journal-configuration"}
    assert journal.parsed(found["changes"].encode(), "changes").entries[0]["what"] == "changes"


def test_a_journal_tells_nothing_of_what_is_in_secret_files(host: Host) -> None:
    """No digest and no size; what it tells of others stays, and its chain can be followed."""
    digest, other = "ab" * 32, "cd" * 32
    one = journal.Journal(str(host.run / "journal"))
    entry = [["config/.env", digest, 104, 416, 0, 0, 1795946007778942020, {}, 0, "file", digest]]
    one.add("plan", items=[*entry, ["web/a.py", other, 7, 420, 0, 0, 1, {}, 0, "file", other]])
    one.add("seen", files={"config/.env.old": {"sha256": digest, "size": 104}})
    one.add("done", path="config/.env", digest=digest, first=1)
    one.add("last")
    one.close()
    whole = (host.run / "journal").read_text()
    told = host.look().journals["journal"]

    assert digest in whole
    assert digest not in told
    assert "104" not in told
    assert other in told
    assert '"web/a.py"' in told
    copy = journal.parsed(told.encode(), "journal", is_copy=True)
    assert copy.head == journal.parsed(whole.encode(), "journal").head
    assert len(copy.entries) == 5
    with pytest.raises(HostError, match="damaged at line 2"):
        journal.parsed(told.encode(), "journal")


def test_secret_files_are_named_and_stay(host: Host) -> None:
    """The others come, with the values of keys hidden that sound like a secret's."""
    folder = host.run / "snapshot/configuration/config"
    (folder / ".env").write_text("PASSWORD=hunter2hunter2\n")
    (folder / "db.json").write_text('{"password": "hunter2", "port": 5432}\n')
    (folder / "app.ini").write_text("api_key = hunter2\nport = 1\nauth: 'hunter2'\n")
    found = host.look()

    assert found.withheld == ("configuration/config/.env",)
    assert "hunter2" not in str(found.snapshot)
    assert '"port": 5432' in found.snapshot["configuration/config/db.json"]
    assert "port = 1" in found.snapshot["configuration/config/app.ini"]


def test_a_log_comes_for_its_time_alone(host: Host) -> None:
    """What is older or younger is not of this incident; a line without a time belongs above."""
    lines = [stamped(host.now - 5000, "long ago"), "  its trace"]
    lines += [stamped(host.now - 60, "during"), "  its trace too", stamped(host.now + 900, "after")]
    host.log.write_text("\n".join(lines) + "\n")
    text = host.look().logs["web"]

    assert ("during" in text, "its trace too" in text) == (True, True)
    assert ("long ago" in text, "after" in text) == (False, False)


def test_a_long_log_comes_from_its_end(host: Host) -> None:
    """From where a word begins; and that it was cut is said."""
    line = stamped(host.now, "x" * 200)
    host.log.write_text(f"{line}\n" * 5000)
    found = host.look()

    assert export.MOST - len(line) < len(found.logs["web"]) <= export.MOST
    assert "only the last" in found.missing[0]


def test_what_cannot_be_had_is_told(host: Host) -> None:
    """No log, no snapshot, no run: as much as there is."""
    assert "No such file" in host.look().missing[0]
    nothing = host.look(run="r2")
    assert (nothing.journals, nothing.snapshot) == ({}, {})


def test_a_run_that_would_lead_elsewhere_is_refused(host: Host) -> None:
    """Its id is a name."""
    with pytest.raises(HostError):
        host.look(run="../../etc")


def test_links_are_not_followed(host: Host) -> None:
    """Nobody has us read a file that is not the run's."""
    (host.run / "journal-x").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        host.look()
