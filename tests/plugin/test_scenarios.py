"""Every way for a release to be bad: the drill recovers; sabotaged it does not, and says why."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.village import Village

SCENARIOS = sorted(
    path.parent.name for path in REPOSITORY.glob("fixtures/village/scenarios/*/*.toml")
)


@pytest.fixture(scope="module")
def running() -> Iterator[Village]:
    """One village for all tests of this file."""
    village = Village()
    yield village
    village.down()


@pytest.fixture
def village(running: Village) -> Iterator[Village]:
    """The village with its current release deployed and healthy."""
    yield running
    running.reset()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_drill_recovers_from(village: Village, scenario: str) -> None:
    """Drill and validation end RECOVERED whatever was wrong with the release."""
    village.embedded.break_(scenario)
    code, printed = village.arm("suites/drill", "suites/validate")

    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert village.embedded.site.release() == "1.4.0", printed


def immovable(path: Path) -> None:
    """Forbid even root to change a file, or what is in a directory."""
    subprocess.run(["chattr", "+i", path], check=True)


def edited(village: Village, table: str, **more: object) -> None:
    """Describe the village with some keys of one table changed."""
    village.describe(**{table: {**village.document()[table], **more}})


def misspell(village: Village) -> None:
    """Name a unit that nobody knows."""
    components = village.document()["components"]
    components[1]["unit"] = "aivillage-p3p"
    village.describe(components=components)


def occupy(village: Village) -> None:
    """Put a directory where the maintenance page goes."""
    Path(village.document()["maintenance"]["page"]).mkdir()


def alter(path: str) -> Callable[[Village], None]:
    """Return what alters one saved copy."""

    def change(village: Village) -> None:
        (village.root / f"{path}.backup").write_text("altered")

    return change


def bury(village: Village) -> None:
    """Make a file that the deploy added immovable."""
    immovable(village.root / "packages/core/legacy")


def seal(village: Village) -> None:
    """Let nobody install a unit file."""
    immovable(Path(village.document()["services"]["directory"]))


def keep_cache(village: Village) -> None:
    """Leave stale bytecode that nobody can move."""
    cache = village.root / "core/gateway/__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "server.cpython-311.pyc").write_bytes(b"stale")
    immovable(cache)


def break_previous(village: Village) -> None:
    """Break a file that is in no backup set, so that the previous release cannot start."""
    (village.root / "core/shared/service.py").write_text("raise RuntimeError('broken')\n")


def deny_edge(village: Village) -> None:
    """Expect of the edge what it never answers."""
    edited(village, "edge", status=204)


def hold_copy(village: Village) -> None:
    """Let nobody take a saved copy away, or put anything beside it."""
    immovable(village.root / "core/gateway/server.py.backup")


def block_state(village: Village) -> None:
    """Put a file where the runs are kept."""
    (village.state / "runs").write_text("")


SABOTAGES: dict[str, tuple[Callable[[Village], None], str]] = {
    "snapshot": (block_state, "runs"),
    "isolate": (misspell, "aivillage-p3p"),
    "maintenance on": (occupy, "directory"),
    "files": (alter("core/gateway/server.py"), "core/gateway/server.py"),
    "added files": (bury, "packages/core/legacy"),
    "configuration": (alter("config/database_config.json"), "config/database_config.json"),
    "unit files": (seal, "conf.d"),
    "caches": (keep_cache, "core/gateway/__pycache__"),
    "start": (break_previous, "aivillage-gateway"),
    "maintenance off": (deny_edge, "204"),
    "close": (hold_copy, "core/gateway/server.py.backup"),
}


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotaged_drill_is_not_recovered(village: Village, name: str) -> None:
    """One sabotage of one action: NOT RECOVERED, with the right reason and a hint."""
    sabotage, reason = SABOTAGES[name]
    village.embedded.break_("degraded")
    sabotage(village)
    code, printed = village.arm("suites/drill")

    assert (code, "NOT RECOVERED" in printed) == (1, True), printed
    assert reason in printed, printed
    assert "HINT: " in printed
    assert "plugins/rollback" not in printed, printed  # no traceback of ours
