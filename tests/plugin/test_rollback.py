"""scripts/rollback: nothing without the target's name; there, and back again by undo."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.village import Village


@pytest.fixture(scope="module")
def village() -> Iterator[Village]:
    """A village whose current release is bad."""
    village = Village()
    village.embedded.break_("degraded")
    yield village
    village.down()


def contents(village: Village) -> dict[str, tuple[str, int, int]]:
    """Return digest, mode and time of every file below the root that is no bytecode."""
    found = {}
    for path in sorted(village.root.rglob("*")):
        if path.is_file() and not {"__pycache__", ".git"} & set(path.parts):
            state = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = digest, state.st_mode, state.st_mtime_ns
    return found


@pytest.mark.parametrize(
    ("words", "wanted", "hint"),
    [
        (("now",), 13, "HINT: add --arm=sandbox"),
        (("now", "--arm=production"), 4, "HINT: --arm=sandbox, or"),
        (("undo", "", "--arm=sandbox"), 4, "HINT: type RUN"),
    ],
)
def test_nothing_is_changed_without_the_targets_name(
    village: Village, words: tuple[str, ...], wanted: int, hint: str
) -> None:
    """The exit code of its kind, the way on, and everything runs on as it was."""
    before = contents(village)
    code, printed = village.rollback(*words)

    assert (code, hint in printed) == (wanted, True), printed
    assert ("REHEARSED" in printed) == (wanted == 13)
    assert contents(village) == before


def test_there_and_back_again(village: Village) -> None:
    """RECOVERED, told change by change; undo brings the failed release back as it was."""
    before = contents(village)
    code, printed = village.rollback("now", "--arm=sandbox", "--incident=INC-7")
    assert (code, "RECOVERED by rollback in " in printed) == (0, True), printed
    assert "services       start aivillage-gateway" in printed
    assert contents(village) != before
    assert village.record()["incident"] == "INC-7"

    code, printed = village.rollback("status")
    run = printed.split()[0]
    assert (code, "recovered" in printed) == (0, True)
    code, printed = village.rollback("status", run)
    assert (code, "done  close the backup set" in printed) == (0, True), printed
    assert f"rollback undo {run} " in printed

    code, printed = village.rollback("undo", run)
    assert (code, "nothing was changed" in printed) == (13, True), printed
    code, printed = village.rollback("undo", run, "--arm=sandbox")
    assert (code, f"run {run} is undone" in printed) == (0, True), printed
    assert contents(village) == before
    assert "the host has the failed release again" in str(village.record()["afterwards"])
    assert village.embedded.site.release() == "1.5.0"
    code, printed = village.rollback("undo", run, "--arm=sandbox")
    assert (code, "nothing to do" in printed) == (0, True), printed


def test_a_failed_release_that_cannot_start_is_back_all_the_same(
    village: Village, tmp_path: Path
) -> None:
    """The run is undone, its report says so, and then which unit does not start."""
    name = "config/supervisor/aivillage-agents.conf"
    text = (REPOSITORY / "fixtures/village/releases/current" / name).read_text()
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(re.sub("(?m)^command=.*", "command=/bin/false", text))
    village.embedded.break_(str(tmp_path))
    before = contents(village)
    code, printed = village.arm("suites/drill")
    assert code == 0, printed
    run = str(village.record()["run"])

    code, printed = village.rollback("undo", run, "--arm=sandbox")
    assert code == 1, printed
    assert printed.index(f"run {run} is undone") < printed.index("aivillage-agents does not start")
    assert contents(village) == before
    assert "the host has the failed release again" in str(village.record()["afterwards"])


@pytest.mark.parametrize(
    ("words", "wanted", "said"),
    [
        (("undo", "never"), 4, "there is no run 'never'"),
        (("status", "never"), 4, "there is no run 'never'"),
        (("now", "--component=gatway", "--arm=sandbox"), 4, "there is no component gatway"),
        (("now", "--armed=sandbox"), 4, "unrecognized arguments"),
        (("now", "--rollback-target=missing.toml"), 4, "and as 'missing.toml'"),
    ],
)
def test_bad_input_is_one_message(
    village: Village, words: tuple[str, ...], wanted: int, said: str
) -> None:
    """One line, a hint, the exit code of its kind, no traceback."""
    code, printed = village.rollback(*words)

    assert (code, said in printed, "HINT" in printed) == (wanted, True, True), printed
    assert "Traceback" not in printed
