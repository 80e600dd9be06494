"""A shop in several places: programs, settings, and one file in a directory that others use too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pytest_rollback.agent.backup import save as backup_save
from pytest_rollback.agent.messages.backup.save import SaveResult
from tests.plugin.shop import SERVICE, Shop
from tests.unit.support.deployed import saving

OTHERS = {
    "other": "* * * * * root true\n",
    "other.prev": "of another system\n",
    ".rollback-20260101-000000-abcd-" + "0" * 24 + ".new": "of a run of another system\n",
}
"""What another system has beside our file."""


class SeveralShop(Shop):
    """One shop whose files lie in three places; nothing else of what lies around is looked at."""

    def __init__(self, home: Path, *, keep: int = 0) -> None:
        super().__init__(home)
        self.keep, self.state = keep, home / "var/lib/rollback/shop"
        self.lib, self.settings = home / "usr/lib/shop", home / "etc/shop"
        self.table = home / "etc/cron.d/shop"

    @property
    def places(self) -> list[str]:
        """Return the three roots."""
        return [str(self.lib), str(self.settings), str(self.table)]

    def up(self) -> None:
        """Install the previous release, save its backups, deploy the current one, start it."""
        for name in self.ports:
            (self.lib / name).mkdir(parents=True)
            (self.lib / name / "serve.py").write_text(SERVICE)
        self.settings.mkdir(parents=True)
        (self.settings / "shop.json").write_text('{"release": "previous"}\n')
        (self.settings / ".env").write_text("TOKEN=Tr0ub4dor-and-three\n")
        (self.settings / ".env").chmod(0o600)
        self.table.parent.mkdir(parents=True)
        self.table.write_text("0 4 * * * root true # previous\n")
        for name, text in OTHERS.items():
            (self.table.parent / name).write_text(text)
        self.describe()
        self.kept()
        self.deploy()
        self.start()

    def deploy(self) -> None:
        """Put the current release in place, which adds a file."""
        for path in self.paths():
            text = path.read_text()
            path.write_text(text.replace("previous", "current") + ("" if "{" in text else "# 2\n"))
        (self.settings / "extra").mkdir(exist_ok=True)
        (self.settings / "extra/more.json").write_text("{}")

    def paths(self) -> list[Path]:
        """Return the files that the deploy changes."""
        programs = [self.lib / name / "serve.py" for name in self.ports]
        return [*programs, self.settings / "shop.json", self.table]

    def kept(self, files: list[Path] | None = None) -> SaveResult:
        """Save the backup set, as the deploy does before it copies files."""
        names = [str(path)[1:] for path in files or self.paths()]
        request = saving(Path("/"), self.state, names, suffix=".prev", within=self.within)
        added = (f"{self.settings}/extra/more.json"[1:],)
        return backup_save.save(request._replace(added=added, keep=self.keep))

    def backup(self, path: Path) -> Path:
        """Return where the backup of a file is."""
        if not self.keep:
            return Path(f"{path}.prev")
        (place,) = self.state.glob(f"sets/*/files{path}")
        return place

    def without(self, place: Path) -> dict[str, Any]:
        """Return the tables of a description that lacks one of the places."""
        found = self.document()
        system = {**found["system"], "secrets": []}
        system["roots"] = [each for each in self.places if each != str(place)]
        return {"system": system, "configuration": {}}

    @property
    def within(self) -> tuple[str, ...]:
        """Return the places, below `/`."""
        return tuple(each[1:] for each in self.places)

    def document(self) -> dict[str, Any]:
        """Return the shop's description."""
        found = super().document()
        found["system"] = {
            "name": "shop",
            "roots": self.places,
            "state": str(self.state),
            "suffix": ".prev",
            "secrets": [f"{self.settings}/.env"],
        }
        for each in found["components"]:
            each["files"] = [f"{self.lib}/{each['name']}/**"]
        found["configuration"] = {"files": [f"{self.settings}/shop.json"]}
        found["release"] = {"backups": "state" if self.keep else "beside"}
        return found

    def sections(self) -> list[str]:
        """Return what the daemon is told of its units."""
        return [
            f"[program:shop-{name}]\ncommand={sys.executable} {self.lib}/{name}/serve.py {port}\n"
            f"redirect_stderr=true\nstdout_logfile={self.home}/{name}.log\n"
            for name, port in self.ports.items()
        ]

    def contents(self) -> dict[str, str]:
        """Return the text of every file around the places."""
        found = [*self.home.glob("usr/**/*"), *self.home.glob("etc/**/*")]
        return {str(path): path.read_text() for path in sorted(found) if path.is_file()}
