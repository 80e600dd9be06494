"""A shop with three releases, each deployed over the one before; its backups are kept apart."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_rollback.agent.backup import save, verify
from pytest_rollback.agent.backup.strategies import kept
from pytest_rollback.agent.messages.backup.save import SaveRequest, SaveResult
from pytest_rollback.agent.messages.backup.sets import ChoiceRequest
from pytest_rollback.agent.messages.backup.verify import Backups, BackupsRequest
from pytest_rollback.agent.messages.location import Location, Release
from pytest_rollback.agent.messages.rollback.files import FilesRequest
from pytest_rollback.agent.messages.state.runs import EndRequest
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.rollback import added_files, archive
from pytest_rollback.agent.state import runs
from tests.unit.support import requests
from tests.unit.support.deployed import saving

FIRST = {"app/web.py": "web 1", "app/old.py": "old 1", "config/.env": "PORT=1", "lib/a/x.js": "x"}
SECOND = {"app/web.py": "web 2", "config/.env": "PORT=1", "app/new.py": "new 2"}
THIRD = {"app/web.py": "web 3", "config/.env": "PORT=3", "app/new.py": "3", "app/old.py": "old 3"}
RELEASES = {"1": FIRST, "2": SECOND, "3": THIRD}
"""The second deletes `old.py` and all of `lib`, and adds `new.py`; the third brings another
`old.py`."""


class Shop:
    """A root with three releases, each deployed over the one before; backups are kept apart."""

    def __init__(self, place: Path, keep: int = 3) -> None:
        self.root, self.state, self.keep, self.live = place / "root", place / "state", keep, "1"
        self.write(FIRST)
        (self.root / "app/web.py").chmod(0o640)
        (self.root / "lib/a").chmod(0o750)

    def write(self, files: dict[str, str]) -> None:
        """Put files in place, and take those of other releases away."""
        for path in {each for release in RELEASES.values() for each in release} - set(files):
            (self.root / path).unlink(missing_ok=True)
        if self.root.exists() and "lib/a/x.js" not in files:
            shutil.rmtree(self.root / "lib", ignore_errors=True)
        for path, text in files.items():
            place = self.root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists() or place.read_text() != text:
                place.write_text(text)

    def saving(self, current: str, **different: object) -> SaveRequest:
        """Return the request to save what the deploy of a release changes."""
        old, new = RELEASES[self.live], RELEASES[current]
        changed = [path for path, text in old.items() if new.get(path) != text]
        request = saving(self.root, self.state, changed, added=[p for p in new if p not in old])
        names = {"previous": Release(self.live, None), "current": Release(current, None)}
        return request._replace(**{"keep": self.keep, **names, **different})  # type: ignore[arg-type]

    def deploy(self, current: str, **different: object) -> SaveResult:
        """Save, and put a release in place."""
        done = save.save(self.saving(current, **different))
        self.write(RELEASES[current])
        self.live = current
        return done

    def location(self, run: str = "") -> Location:
        """Return where it is."""
        return requests.located(self.root, self.state, run)

    def look(self) -> Backups:
        """Return what readiness is told of the backups."""
        return verify.look(BackupsRequest(self.location(), requests.selected()))

    def faults(self) -> dict[str, str]:
        """Return what is wrong with the backups."""
        parts = self.look().components.values()
        return {each.path: each.fault for part in parts for each in part.faults}

    def choose(self, release: str) -> None:
        """Choose the release that a rollback returns to."""
        kept.choose(ChoiceRequest(self.location(), release))

    def back(self, run: str = "r1") -> None:
        """Roll back, as a drill does: added files away, all others back, evidence put away."""
        files = FilesRequest(self.location(run), requests.selected())
        runs.begin(requests.begin(self.state, run))
        added_files.remove(files)
        request = requests.restore(self.location(run))
        apply.apply(request._replace(digest=apply.look(request).digest))
        archive.close(files)
        runs.end(EndRequest(str(self.state), run, "recovered"))

    def files(self) -> dict[str, str]:
        """Return all that is below the root."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_text() for path in found}
