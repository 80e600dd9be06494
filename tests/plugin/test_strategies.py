"""What every strategy promises, on the sandbox: ready, rolled back, undone, and red when it is not.

The same cases for each way to keep the previous release. A new strategy adds its name and what
spoils it to the tables below.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.commanded import BUSY, commanded, led_back
from tests.plugin.operator import criteria
from tests.plugin.village import Village

BACKUPS, STATE, LINKS, COMMANDS = "backups", "state", "links", "commands"
SERVER = "core/gateway/server.py"


WAIVED = {str(each["criterion"]) for each in BUSY}


def previous(village: Village) -> Path:
    """Return the directory of the previous release, behind the link."""
    return village.root / "releases/1.4.0"


def third(village: Village) -> None:
    """Bring a release without a record, as a deploy whose hook was forgotten, with its history."""
    releases = village.root / "releases"
    shutil.copytree(releases / "1.5.0", releases / "1.6.0", symlinks=True)
    lines = [
        f"Branch main deployed as release {name} by ann" for name in ("1.4.0", "1.5.0", "1.6.0")
    ]
    (village.root / "revisions.log").write_text("\n".join(lines) + "\n")
    (village.root / "current").unlink()
    (village.root / "current").symlink_to("releases/1.6.0")


def replaced(village: Village) -> None:
    """Put another release in the place of the previous one."""
    shutil.rmtree(previous(village))
    shutil.copytree(village.root / "releases/1.5.0", previous(village), symlinks=True)


def appended(path: Path) -> None:
    """Add a line to a file."""
    path.write_text(path.read_text() + "# another line\n")


def kept(village: Village) -> Path:
    """Return the backup of a file in the state directory."""
    (place,) = village.state.glob(f"sets/*/files/{SERVER}")
    return place


def pruned(village: Village) -> None:
    """Have the deploy tool keep one release, as rollback.toml says of it."""
    release = {**village.document()["release"], "keep": 1}
    village.describe(release=release, waivers=BUSY)


Spoil = Callable[[Village], object]

SPOILT: dict[tuple[str, str], tuple[Spoil, str]] = {
    (BACKUPS, "gone"): (
        lambda village: (village.root / f"{SERVER}.backup").unlink(),
        "readiness.backups.complete",
    ),
    (BACKUPS, "altered"): (
        lambda village: appended(village.root / f"{SERVER}.backup"),
        "readiness.backups.intact",
    ),
    (STATE, "gone"): (lambda village: kept(village).unlink(), "readiness.backups.complete"),
    (STATE, "altered"): (lambda village: appended(kept(village)), "readiness.backups.intact"),
    (STATE, "the folder is gone"): (
        lambda village: shutil.rmtree(village.state / "sets"),
        "readiness.backups.complete",
    ),
    (LINKS, "gone"): (lambda village: shutil.rmtree(previous(village)), "readiness.release.kept"),
    (LINKS, "altered"): (
        lambda village: appended(previous(village) / SERVER),
        "readiness.release.kept",
    ),
    (LINKS, "of another release"): (replaced, "readiness.release.kept"),
    (LINKS, "a file of it is gone"): (
        lambda village: (previous(village) / SERVER).unlink(),
        "readiness.release.kept",
    ),
    (LINKS, "would be pruned"): (pruned, "readiness.release.safe"),
    (LINKS, "deployed without a record"): (third, "readiness.release.expected"),
    (COMMANDS, "gone"): (
        lambda village: (village.state / "looks.key").unlink(),
        "readiness.release.kept",
    ),
    (COMMANDS, "cannot be run"): (
        commanded(**{"return": ["no-such-program"]}),
        "readiness.release.kept",
    ),
    (COMMANDS, "look shows the time"): (
        commanded(look=["date", "+%N"]),
        "readiness.release.kept",
    ),
    (COMMANDS, "takes too long"): (commanded(change_timeout="10m"), "readiness.time.fits"),
    (COMMANDS, "proves the current one"): (
        commanded(proves=["true"]),
        "readiness.release.told_apart",
    ),
    (COMMANDS, "look shows no difference"): (led_back, "readiness.release.told_apart"),
}
"""By strategy and defect: what spoils it, and the criterion that has to be red."""

STOPS = {
    (LINKS, defect) for defect in ("gone", "altered", "of another release", "a file of it is gone")
} | {(COMMANDS, defect) for defect in ("gone", "cannot be run", "look shows the time")}
"""For which a drill is refused before anything is stopped; a lost backup comes from git here."""


class Villages:
    """The sandbox once for each strategy that is asked for."""

    def __init__(self) -> None:
        self.up: dict[str, Village] = {}

    def of(self, strategy: str) -> Village:
        """Return that of a strategy, healthy as after the deploy."""
        if strategy in self.up:
            self.up[strategy].reset()
        else:
            self.up[strategy] = Village(strategy)
        self.up[strategy].describe(waivers=BUSY)
        return self.up[strategy]


@pytest.fixture(scope="module")
def villages() -> Iterator[Villages]:
    """Those that are up; they end with the module."""
    found = Villages()
    yield found
    for each in found.up.values():
        each.down()


ALL = pytest.mark.parametrize("strategy", [BACKUPS, STATE, LINKS, COMMANDS])


@ALL
def test_a_bad_release_is_rolled_back_undone_and_rolled_back_again(
    villages: Villages, strategy: str
) -> None:
    """READY before; RECOVERED; the failed release exactly as it was; RECOVERED once more."""
    whole = villages.of(strategy)
    code, found = whole.readiness()
    assert (code, {each for each in found if each[0] not in WAIVED}) == (0, set())
    assert whole.embedded.site.release() == "1.5.0"
    failed = tree(whole.root)

    code, printed = whole.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert whole.embedded.site.release() == "1.4.0"
    run = str(whole.record()["run"])

    code, printed = whole.rollback("undo", run, "--arm=sandbox")
    assert code == 0, printed
    assert whole.embedded.site.release() == "1.5.0"
    assert tree(whole.root) == failed

    code, printed = whole.arm("suites/drill", "suites/validate")
    assert (code, "RECOVERED in" in printed) == (0, True), printed


@ALL
def test_a_second_rollback_has_nothing_to_do(villages: Villages, strategy: str) -> None:
    """Nothing is stopped, and readiness gives one reason."""
    whole = villages.of(strategy)
    code, printed = whole.arm("suites/drill")
    assert code == 0, printed

    code, printed = whole.arm("suites/drill")
    assert code != 0
    assert "there is nothing to roll back" in " ".join(printed.split())
    code, found = whole.readiness()
    assert code == 1
    assert {identity for identity, _ in found} >= {"readiness.record.trusted"}


@pytest.mark.parametrize(("strategy", "defect"), sorted(SPOILT))
def test_a_defect_is_red_and_nothing_is_begun(
    villages: Villages, strategy: str, defect: str
) -> None:
    """The criterion that is about it, with a hint; a drill stops nothing."""
    whole = villages.of(strategy)
    spoil, identity = SPOILT[strategy, defect]
    spoil(whole)

    code, found = whole.readiness()
    assert code == 1
    assert identity in {name for name, _ in found}
    rows = [each for each in whole.record()["criteria"] if each["id"] == identity]
    assert all(each["hint"] for each in rows if each["outcome"] == "not met")
    if (strategy, defect) in STOPS:
        before = whole.embedded.site.manager.states()
        code, printed = whole.arm("suites/drill")
        assert code != 0, printed
        after = whole.embedded.site.manager.states()
        assert {name: each.pid for name, each in after.items()} == {
            name: each.pid for name, each in before.items()
        }


def test_a_link_put_back_by_hand_is_not_recovered(villages: Villages) -> None:
    """What runs is of the failed release still: each unit is named."""
    village = villages.of(LINKS)
    led_back(village)

    _, found = village.reds("validate")
    assert {name for identity, name in found if identity == "validate.units.began"} == {
        "gateway",
        "p2p",
        "agents",
    }  # the fourth is optional: an advisory


def test_a_failed_release_that_stays_live_is_not_recovered(villages: Villages) -> None:
    """Validate says so of the link and of the release."""
    village = villages.of(LINKS)
    (previous(village) / "VERSION").write_text("1.4.0-altered\n")

    _, found = village.reds("validate")
    assert {identity for identity, _ in found} >= {
        "validate.release.back",
        "validate.release.whole",
    }


def test_every_criterion_of_releases_was_seen_red() -> None:
    """One that nobody has seen red fails here."""
    named = {identity for _, identity in SPOILT.values()}
    named |= {"validate.release.back", "validate.release.whole", "validate.release.proven"}
    named |= {"drill.release.returned"}  # in test_release_commands
    found = {
        each
        for suite in ("readiness", "drill", "validate")
        for each in criteria(suite)
        if each.split(".")[1] == "release"
    }
    assert found - {"readiness.release.previous", "readiness.release.current"} <= named


def tree(root: Path) -> dict[str, tuple[object, ...]]:
    """Return mode, owner and content of all below a root, bytecode aside."""
    found = {}
    for path in sorted(root.rglob("*")):
        if "__pycache__" in path.parts or ".git" in path.parts:
            continue
        state = path.lstat()
        content = str(path.readlink()) if path.is_symlink() else ""
        content = path.read_text() if not content and path.is_file() else content
        found[str(path.relative_to(root))] = (state.st_mode, state.st_uid, content)
    return found
