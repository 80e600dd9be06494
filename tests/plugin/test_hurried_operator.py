"""Somebody in a hurry: what is typed wrong ends in a line, a hint and its exit code."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY

ASKING = (
    "rollback now",
    "rollback status",
    "rollback ready",
    "rollback drill",
    "create_backups.py",
    "restore_imports.py",
    "simulate_rollback.py",
    "test_agent_response.py",
    "test_full_system.py",
    "test_p2p_connection.py",
    "validate_rollback_capability.py",
)
"""Scripts that are about a target."""
OTHERS = (
    "rollback",
    "rollback undo",
    "rollback checklist",
    "rollback sandbox",
    *(f"rollback report {each}" for each in ("open", "list", "verify", "rebuild", "postmortem")),
)
MAINTAINING = ("dev/build_machine", "dev/schema", "dev/screenshots", "dev/story")
SCRIPTS = (*ASKING, *OTHERS, *MAINTAINING)
MORE = {"create_backups.py": ("--previous", "1", "--current", "2", "a")}

TYPO = '[system]\nnmae = "x"\n'
AWAY = (
    (REPOSITORY / "rollback.toml").read_text().replace('"local://"', '"ssh://nobody@127.0.0.1:1"')
)


def typed(home: Path, *words: str) -> tuple[int, str]:
    """Type a command; return its exit code and everything that it printed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80", "ROLLBACK_REPORTS": str(home / "reports")},
    )
    return done.returncode, done.stdout


def demand(said: tuple[int, str], code: int) -> None:
    """See that a refusal has its exit code and a hint, and no traceback."""
    assert (said[0], "HINT: " in said[1], "Traceback" in said[1]) == (code, True, False), said


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_option_that_there_is_not(tmp_path: Path, script: str) -> None:
    """Exit code 4, for every script."""
    demand(typed(tmp_path, *f"scripts/{script}".split(), "--no-such-option"), 4)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_option_without_its_value(tmp_path: Path, script: str) -> None:
    """Each option that takes a value, left without one."""
    _, page = typed(tmp_path, *f"scripts/{script}".split(), "--help")
    taking = sorted(set(re.findall(r"^  (--[a-z-]+) [A-Z0-9]", page, re.MULTILINE)))

    for option in taking:
        demand(typed(tmp_path, *f"scripts/{script}".split(), option), 4)


@pytest.mark.parametrize("script", ASKING)
@pytest.mark.parametrize(("text", "code"), [(None, 4), (TYPO, 4), (AWAY, 7)])
def test_a_target_that_cannot_be_used(
    tmp_path: Path, script: str, text: str | None, code: int
) -> None:
    """A wrong name, a typo in the description, a host that does not answer."""
    manifest = tmp_path / "rollback.toml"
    if text is not None:
        manifest.write_text(text)
    words = (f"--rollback-target={manifest}", *MORE.get(script, ()))

    demand(typed(tmp_path, *f"scripts/{script}".split(), *words), code)


@pytest.mark.parametrize("name", ["ready", "triage", "drill", "validate", "monitor"])
def test_who_did_not_reach_the_host_reads_so_first(tmp_path: Path, name: str) -> None:
    """In the line of the verdict, and not as a number of criteria that failed."""
    manifest = tmp_path / "rollback.toml"
    manifest.write_text(AWAY)
    code, said = typed(tmp_path, "scripts/rollback", name, f"--target={manifest}")
    words = " ".join(said.split())

    assert (code, ": the host could not be asked, " in words) == (7, True), said
    assert name == "triage" or "nothing was evaluated (production)" in words, said
    assert "criteria failed" not in words, said


@pytest.fixture
def silent() -> Iterator[tuple[str, list[socket.socket]]]:
    """A host that takes connections and says nothing: its description, and who connected."""
    came: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def taking() -> None:
            with contextlib.suppress(OSError):
                while True:
                    came.append(server.accept()[0])

        threading.Thread(target=taking, daemon=True).start()
        port = server.getsockname()[1]
        yield AWAY.replace("127.0.0.1:1", f"127.0.0.1:{port}"), came
    for each in came:
        each.close()


@pytest.mark.parametrize(
    "words", [("-m", "pytest", "-q", "suites/drill"), ("scripts/rollback", "now", "--dry-run")]
)
def test_a_silent_host_is_asked_once(
    tmp_path: Path, silent: tuple[str, list[socket.socket]], words: tuple[str, ...]
) -> None:
    """Whoever waits for it waits for one connection, and is told once."""
    manifest = tmp_path / "rollback.toml"
    manifest.write_text(silent[0])
    code, said = typed(tmp_path, *words, f"--rollback-target={manifest}")

    demand((code, said), 7)
    assert (len(silent[1]), said.count("does not answer")) == (1, 1), said


@pytest.mark.parametrize("full", ["/dev/full/reports", "/proc/reports"])
def test_reports_that_cannot_be_written(tmp_path: Path, full: str) -> None:
    """The scripts that write there say so."""
    code, said = typed(tmp_path, "scripts/rollback", "report", "list", f"--reports={full}")

    demand((code, said), 4)


@pytest.fixture(params=["4k", "64k", "300k"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk on which there is room for a part of a report."""
    if os.geteuid() != 0:
        pytest.skip("not run: mounting a small disk takes root")
    place = tmp_path / "reports"
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "none", place], check=True
    )
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_below_the_reports(tmp_path: Path, small: Path) -> None:
    """The verdict is printed all the same, and what the report lacks, with the way out."""
    code, said = typed(
        tmp_path, "-m", "pytest", "suites/readiness", "--rollback-target=rollback.toml"
    )

    demand((code, said), 7)
    lines = said.splitlines()
    assert "NOT READY" in said
    assert "the report is not complete" in said
    assert any(
        line.startswith("HINT: df -h ") and "rollback report rebuild " in line for line in lines
    )
    assert "No space left on device" in " ".join(said.split())
    assert "INTERNALERROR" not in said
    assert not [path for path in small.rglob("*") if path.stat().st_mode & 0o077]


OPTIONS = (
    *("--arm", "--component", "--downtime", "--impact", "--incident", "--rollback-format"),
    *("--rollback-target", "--scenario", "--soak", "--no-such-option"),
)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_suites_without_its_value(tmp_path: Path, option: str) -> None:
    """It is named, and where it is explained."""
    code, said = typed(tmp_path, "-m", "pytest", "suites/drill", option)

    demand((code, said), 4)
    assert option in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("suites/triage", "--impact=lots"), 4),
        (("suites/triage", "--impact=130%"), 4),
        (("suites/triage", "--downtime=4"), 4),
        (("suites/monitor", "--soak=0s"), 4),
        (("suites/monitor", "-o", "rollback_soak_scale=fast"), 4),
        (("suites/readiness", "--rollback-format=xml"), 4),
        (("suites/readiness", "--component=gatway"), 4),
        (("suites/readiness", "--rollback-target=no-such.toml"), 4),
        (("suites/drill", "--rollback-target=sandbox", "--scenario=no-such"), 4),
    ],
)
def test_an_option_of_the_suites_that_makes_no_sense(
    tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    """Refused before anything is asked."""
    demand(typed(tmp_path, "-m", "pytest", *words), code)


@pytest.mark.parametrize("script", ["rollback now", "create_backups.py", "rollback checklist"])
def test_an_option_with_an_empty_value_or_with_two(tmp_path: Path, script: str) -> None:
    """An unset variable, and an option that a script has added to those that are typed."""
    _, page = typed(tmp_path, *f"scripts/{script}".split(), "--help")
    taking = sorted(set(re.findall(r"^  (--[a-z-]+) [A-Z0-9]", page, re.MULTILINE)))

    for option in taking:
        demand(typed(tmp_path, *f"scripts/{script}".split(), f"{option}="), 4)
        if option not in REPEATABLE:
            demand(typed(tmp_path, *f"scripts/{script}".split(), f"{option}=1", f"{option}=2"), 4)


REPEATABLE = {"--component", "--changed", "--added"}


@pytest.mark.parametrize("option", [each for each in OPTIONS if each != "--no-such-option"])
def test_an_option_of_the_suites_that_is_empty_or_twice(tmp_path: Path, option: str) -> None:
    """Before anything is started; also where one of them is in the environment."""
    said = typed(tmp_path, "-m", "pytest", "suites/drill", option, " ")
    demand(said, 4)
    assert "the value is empty" in said[1]
    if option not in REPEATABLE:
        os.environ["PYTEST_ADDOPTS"] = f"{option}=1"
        try:
            said = typed(tmp_path, "-m", "pytest", "suites/drill", f"{option}=2")
        finally:
            del os.environ["PYTEST_ADDOPTS"]
        demand(said, 4)
        assert "given as '1' and as '2'" in said[1]


@pytest.mark.parametrize("command", [("-m", "pytest", "suites/drill"), ("scripts/rollback", "now")])
def test_what_to_type_in_the_place_of_an_empty_value(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A variable that was never set: the hint has the option, and where its value is found."""
    armed = typed(tmp_path, *command, "--arm=")[1]
    incident = typed(tmp_path, *command, "--arm=sandbox", "--incident=")[1]

    assert "HINT: type --arm=TARGET, TARGET being the name in [target] of rollback.toml" in armed
    assert "HINT: type --incident=ID" in incident


@pytest.mark.parametrize("target", ["rollback.toml", "sandbox"])
@pytest.mark.parametrize("command", [("-m", "pytest", "suites/drill"), ("scripts/rollback", "now")])
def test_another_targets_name_is_refused_before_anything_begins(
    tmp_path: Path, target: str, command: tuple[str, ...]
) -> None:
    """A sandbox is not started, and no host is asked."""
    said = typed(tmp_path, *command, f"--rollback-target={target}", "--arm=staging")
    demand(said, 4)
    if (target, *command) != ("sandbox", "scripts/rollback", "now"):  # where none is up
        assert "--arm=staging, and the name of the target is" in said[1]
    assert "demonstration" not in said[1]
