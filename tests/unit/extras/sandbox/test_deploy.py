"""A deploy and a scenario on a sandbox that only writes down what it is asked: the order counts."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.backup.save import SaveRequest
from pytest_rollback.errors import Refused, UsageError
from pytest_rollback.extras.sandbox.common import scenario
from pytest_rollback.extras.sandbox.common.deploy import deploy
from pytest_rollback.extras.sandbox.common.history import History
from pytest_rollback.extras.sandbox.common.layout import Layout
from pytest_rollback.extras.sandbox.common.recipe import Recipe, SandboxTable
from pytest_rollback.extras.sandbox.common.release import Placeholders
from pytest_rollback.extras.sandbox.common.scenario import Scenario, ScenarioSummary
from pytest_rollback.extras.sandbox.common.site import Site
from pytest_rollback.manifest.load import parse
from pytest_rollback.manifest.model import System

MANIFEST = """
[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/shop"
[target]
name = "corner"
connection = "local://"
[[components]]
name = "web"
unit = "shop-web"
health = "web"
[probes.web]
tcp = "127.0.0.1:1"
"""


class Recorder:
    """A site without processes: files are real, everything else is noted in `done`."""

    flag = " --paper"

    def __init__(self, home: Path) -> None:
        self.done: list[str] = []
        self.layout = Layout(home)
        self.saved: list[SaveRequest] = []
        self.recipe = Recipe(home, SandboxTable(), {}, {})
        self.filling = Placeholders(("*.ini",), {"port.web": 8080}, (".env",))

    @cached_property
    def system(self) -> System:
        """Return a system of one component."""
        return parse(tomllib.loads(MANIFEST), "here")

    @cached_property
    def history(self) -> History:
        """Return the history below the root."""
        return History(self.layout.root)

    def release(self) -> str:
        """Return what VERSION says."""
        return (self.layout.root / "VERSION").read_text().strip()

    def put(self, folder: Path, names: Iterable[str]) -> None:
        """Copy files, and note their names."""
        listed = list(names)
        self.done.append(f"put {' '.join(sorted(listed))}")
        for name in listed:
            (self.layout.root / name).write_bytes((folder / name).read_bytes())

    def save(self, request: SaveRequest) -> None:
        """Keep the request; what it names is still as it was."""
        self.saved.append(request)
        self.done.append(f"save while {self.release()} is there")

    def compile(self, source: str) -> None:
        """Note it."""
        self.done.append(f"compile {source}")

    def run(self, script: str, data: bytes) -> None:
        """Note it."""
        self.done.append(f"run {script.strip()} with {data[:10].decode()}")

    def fetch(self) -> None:
        """Note it."""
        self.done.append("fetch")

    def put_history(self) -> None:
        """Note it."""
        self.done.append("put history")

    def dump(self) -> None:
        """Note it."""
        self.done.append("dump")

    def install_units(self) -> None:
        """Note it."""
        self.done.append("install units")

    def stop(self) -> None:
        """Note it."""
        self.done.append("stop")

    def start(self) -> None:
        """Note it."""
        self.done.append("start")

    def start_healthy(self) -> None:
        """Note it."""
        self.done.append("start healthy")

    def settled(self) -> dict[str, str]:
        """Return that all is well."""
        return {"shop-web": "RUNNING"}


@pytest.fixture
def site(tmp_path: Path) -> Recorder:
    """A site on which release 1 is deployed."""
    site = Recorder(tmp_path / "sandbox")
    site.layout.root.mkdir(parents=True)
    for name, text in {"VERSION": "1\n", "app.py": "old\n", "same.py": "same\n"}.items():
        (site.layout.root / name).write_text(text)
    site.history.begin("1")
    return site


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The files of release 2: one changed, one new, one with a placeholder, one that stays."""
    place = tmp_path / "second"
    place.mkdir()
    files = {"VERSION": "2\n", "app.py": "new\n", "same.py": "same\n", "web.ini": "{port.web}\n"}
    for name, text in files.items():
        (place / name).write_text(text)
    return place


def test_backups_are_saved_before_anything_changes(site: Recorder, second: Path) -> None:
    """Dump and backups first, then stop, files, units and start; the history knows both."""
    kind: Site = site
    name = deploy(kind, second)

    assert name == "2"
    assert site.done == [
        "fetch",
        "put history",
        "dump",
        "save while 1 is there",
        "stop",
        "put VERSION app.py web.ini",
        "put history",
        "install units",
        "start healthy",
    ]
    assert (site.layout.root / "web.ini").read_text() == "8080\n"
    assert site.history.git("rev-parse", "HEAD") == site.history.commit("2")


def test_what_is_saved_is_what_changes(site: Recorder, second: Path) -> None:
    """Changed and added files apart, below the root of the system; with both commits."""
    deploy(site, second)
    (request,) = site.saved

    place = request.location
    assert (place.root, request.system, place.suffix) == ("/srv/shop", "shop", ".backup")
    assert (request.files, request.added) == (("VERSION", "app.py"), ("web.ini",))
    assert (request.previous.name, request.current.name) == ("1", "2")
    assert request.previous.commit == site.history.commit("1")
    assert request.replace


def test_the_same_release_again_is_refused(site: Recorder, second: Path) -> None:
    """Nothing is stopped for it, and the hint means the same kind of sandbox."""
    deploy(site, second)
    site.done.clear()
    with pytest.raises(Refused, match="release 2 is deployed already") as refused:
        deploy(site, second)

    assert "rollback sandbox reset --paper" in refused.value.hint
    assert site.done == ["fetch"]


def test_a_folder_without_files_is_no_release(site: Recorder, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError, match="empty has no release"):
        deploy(site, tmp_path / "empty")


def test_a_scenario_is_applied_while_nothing_runs(site: Recorder, tmp_path: Path) -> None:
    """Its files, its bytecode and its script come between stop and start."""
    place = tmp_path / "bad"
    (place / "files").mkdir(parents=True)
    (place / "files/app.py").write_text("broken\n")
    (place / "spoil.py").write_text("spoil()\n")
    about = ScenarioSummary(description="bad", bytecode=("app.py",), script="spoil.py")
    states = scenario.apply(site, Scenario("bad", about, place / "files"))

    assert states == {"shop-web": "RUNNING"}
    assert site.done == [
        "stop",
        "put app.py",
        "compile app.py",
        'run spoil() with {"system":',
        "install units",
        "start",
    ]
    assert (site.layout.root / "app.py").read_text() == "broken\n"
