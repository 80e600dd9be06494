"""The procedure's four issues: practised on a sandbox and nowhere else, each seen red as well."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY, Operator, criteria
from tests.plugin.shop import Shop
from tests.plugin.test_drill import contents, shop

__all__ = ["shop"]
SUITE = "suites/drill/troubleshooting"
ISSUES = f"{SUITE}/test_issues.py"


class Practice(Operator):
    """Somebody who practises on a sandbox of the session, made of a village of his own."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, Path("sandbox"))
        self.village = home / "fixtures/village"
        shutil.copytree(REPOSITORY / "fixtures/village", self.village)
        shutil.copy2(REPOSITORY / "rollback.toml", home)

    def practise(self, test: str = "") -> tuple[int, str]:
        """Run one issue, or all."""
        return self.pytest(f"{ISSUES}{test}", "-o", f"rollback_sandbox={self.village}")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of the village's files."""
        path = self.village / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def test_each_issue_is_recovered_from(tmp_path: Path) -> None:
    """All in one session, and each states what users saw of it."""
    practice = Practice(tmp_path)
    code, printed = practice.practise()

    assert (code, "RECOVERED (sandbox)" in printed) == (0, True), printed
    for each in practice.record()["criteria"]:
        told = each["evidence"]
        assert each["outcome"] == "met"
        assert 0 <= told["outage_seconds"] < told["seconds"]
        assert 0 < told["maintenance_seconds"] < told["seconds"]


def forget_git(practice: Practice) -> None:
    """Name a repository that is none."""
    practice.replace("embedded.toml", 'git = "{root}"', 'git = "{dir}"')


def forget_defaults(practice: Practice) -> None:
    """Release no default configuration."""
    shutil.rmtree(practice.village / "releases/previous/config/defaults")


def demand_more(practice: Practice) -> None:
    """Expect an import of the agents that no release has."""
    practice.replace(
        "embedded.toml", 'name = "agents"\n', 'name = "agents"\nimports = ["core.agents.nobody"]\n'
    )


def allow_less(practice: Practice) -> None:
    """Forbid the system's role to create a database."""
    practice.replace("database.sql", "LOGIN CREATEDB", "LOGIN")


SABOTAGES: dict[str, tuple[Callable[[Practice], None], str, str]] = {
    "troubleshooting.backups.missing": (
        forget_git,
        "test_lost_copies_come_from_git",
        "core/gateway/server.py",
    ),
    "troubleshooting.configuration.corrupt": (
        forget_defaults,
        "test_corrupt_configuration_gets_its_defaults",
        "no default for",
    ),
    "troubleshooting.imports.stale": (
        demand_more,
        "test_stale_bytecode_is_cleared",
        "core.agents.nobody",
    ),
    "troubleshooting.database.migrated": (
        allow_less,
        "test_a_migrated_database_is_restored",
        "may not create databases",
    ),
}


@pytest.mark.parametrize("identity", SABOTAGES)
def test_an_issue_without_its_remedy_is_not_recovered(tmp_path: Path, identity: str) -> None:
    """Without what the remedy is made of the criterion is red, and says what is missing."""
    sabotage, test, reason = SABOTAGES[identity]
    practice = Practice(tmp_path)
    sabotage(practice)
    code, printed = practice.practise(f"::{test}")

    assert (code, practice.outcomes()) == (1, {(identity, None): "not met"}), printed
    assert "NOT RECOVERED" in printed
    assert reason in " ".join(printed.split()), printed
    assert "HINT: " in printed


def test_every_issue_was_seen_red() -> None:
    """A criterion without a sabotage fails here."""
    assert set(SABOTAGES) == criteria("drill/troubleshooting")


@pytest.mark.parametrize("words", [(), ("--arm=corner",)])
def test_what_is_no_sandbox_is_not_broken(shop: Shop, words: tuple[str, ...]) -> None:
    """One message with a way out, and nothing touched, armed or not."""
    before, running = contents(shop), shop.control("pid", "all")
    code, printed = shop.pytest(SUITE, *words)
    said = " ".join(printed.split())

    assert (code, said.count("corner is not a sandbox")) == (4, 1), printed
    assert "pytest suites/drill/troubleshooting --rollback-target=sandbox, or" in printed
    assert (contents(shop), shop.control("pid", "all")) == (before, running)


@pytest.mark.parametrize(
    ("path", "there"), [("suites", False), ("suites/drill", False), (SUITE, True)]
)
def test_they_are_run_only_by_their_path(path: str, *, there: bool) -> None:
    """Nobody breaks anything on purpose who asked for a drill."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", path]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert ("troubleshooting" in done.stdout) == there
    assert done.returncode == 0, done.stdout
