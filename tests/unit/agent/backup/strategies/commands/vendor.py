"""A vendor's tool that keeps releases somewhere, and a deploy that is recorded before it."""

from __future__ import annotations

from pathlib import Path

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.backup.strategies import commands, returned
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.commands import CommandsRequest, ReleaseLook
from pytest_rollback.agent.messages.rollback.undo import UndoRequest
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import journal, runs
from tests.unit.support.deployed import saving
from tests.unit.support.requests import begin, located

TOOL = """#!/bin/sh
echo "$1" >> {place}/calls
test -f {place}/breaks-$1 && {{ echo "token=hunter2hunter2 is refused" >&2; exit 3; }}
case $1 in
  live) cat {place}/live ;;
  back) echo {first} > {place}/live ;;
  forth) echo {second} > {place}/live ;;
  proves) grep -qx {first} {place}/live ;;
esac
"""


class Vendor:
    """A tool with `live`, `back`, `forth` and `proves`; each call of it is written down."""

    def __init__(self, place: Path, first: str = "shop-1", second: str = "shop-2") -> None:
        self.place, self.first, self.second = place / "vendor", first, second
        self.root, self.state = place / "root", place / "var" / "state"
        self.root.mkdir()
        self.place.mkdir()
        self.tool = self.place / "tool"
        self.tool.write_text(TOOL.format(place=self.place, first=first, second=second))
        self.tool.chmod(0o755)
        self.set(first)

    def set(self, name: str) -> None:
        """Make a release live, whoever does it."""
        (self.place / "live").write_text(f"{name}\n")

    @property
    def live(self) -> str:
        """The release that is live."""
        return (self.place / "live").read_text().strip()

    def calls(self, name: str) -> int:
        """Return how often the tool was called for something."""
        return (self.place / "calls").read_text().split().count(name)

    def breaks(self, name: str) -> Path:
        """Have a call fail; the failure ends with the file that is returned."""
        file = self.place / f"breaks-{name}"
        file.touch()
        return file

    def request(self, **different: object) -> CommandsRequest:
        """Return what is run."""
        words = {each: (str(self.tool), each) for each in ("live", "back", "forth", "proves")}
        plain = CommandsRequest(located(self.root, self.state), words["live"], words["back"])
        plain = plain._replace(undo=words["forth"], proves=words["proves"], timeout=5.0)
        return plain._replace(change_timeout=5.0)._replace(**different)  # type: ignore[arg-type]

    def deploy(self) -> None:
        """Record the release that is live, and make the second one live."""
        part = commands.record(self.request())
        save.save(saving(self.root, self.state, (), parts={"commands": part.text}))
        self.set(self.second)

    def begin(self) -> None:
        """Take the host for a run."""
        runs.begin(begin(self.state))

    def look(self, **different: object) -> ReleaseLook:
        """Return what is live beside what was recorded."""
        return commands.look(self.request(**different))

    def back(self, **different: object) -> bool:
        """Bring the previous release back; return whether a command was run for it."""
        return returned.back(self.request(**different)).ran

    def undo(self, **different: object) -> None:
        """Undo the run."""
        undo.undo(self.undoing(**different))

    def undoing(self, **different: object) -> UndoRequest:
        """Return the request to undo the run."""
        where = located(self.root, self.state)
        return UndoRequest(where, release=self.request(**different))

    def events(self) -> list[str]:
        """Return the events that the run has written down after its begin."""
        written = journal.entries(str(self.state / "runs/r1/changes"))
        return [each["event"] for each in written[1:]]


def refused(error: HostError) -> str:
    """Return an error with its hint, which every one has."""
    assert error.hint
    return f"{error.message} | {error.hint}"
