"""The commands that a procedure names, on a real system: right, broken, armed, asked wrongly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop
from tests.plugin.store import Store

PROBES = ("test_p2p_connection.py", "test_agent_response.py", "test_full_system.py")
ALL = (
    *PROBES,
    "restore_imports.py",
    "simulate_rollback.py",
    "validate_rollback_capability.py",
)

TICK = re.compile(r"\d+m\d\ds ")
"""How a line begins that says on a slow machine what is waited for."""


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """A store that is up, for all tests of this file."""
    store = Store(Path(tempfile.mkdtemp(prefix="store-")))
    store.up()
    yield store
    store.down()


def call(shop: Shop, name: str, *words: str) -> tuple[int, str]:
    """Call a script as an operator would; it never shows a traceback."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / name, *words],
        cwd=shop.home,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ROLLBACK_REPORTS": str(shop.reports)},
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, said


def at(shop: Shop) -> str:
    """Return the option that names the shop."""
    return f"--rollback-target={shop.manifest}"


def outdated(store: Store) -> Path:
    """Put bytecode beside a source that it was not made from."""
    stale = store.root / "web/__pycache__/extra.cpython-311.pyc"
    stale.parent.mkdir(exist_ok=True)
    stale.write_bytes(b"stale")
    return stale


@pytest.mark.parametrize("name", ALL)
def test_help_and_refusals(store: Store, name: str) -> None:
    """--help tells the exit codes; a wrong option and a missing file are one line and a hint."""
    helped, told = call(store, name, "--help")
    wrong, refused = call(store, name, "--no-such")
    missing, unread = call(store, name, "--rollback-target=/no/such.toml")

    assert (helped, wrong, missing) == (0, 4, 4)
    assert "exit codes:" in told
    lines = [line for line in refused.splitlines() if line and not TICK.match(line)]
    assert len(lines) == len(["what is wrong", "HINT"])
    assert "--no-such --help" not in refused
    assert "HINT:" in refused
    assert "HINT:" in unread


def test_the_whole_system_answers(store: Store) -> None:
    """Every probe is asked once, and told."""
    code, said = call(store, "test_full_system.py", at(store))

    assert code == 0, said
    assert said.split().count("ok") == 2


def test_a_name_says_which_component(store: Store) -> None:
    """By the script's name where the system has such a component; otherwise somebody has to say."""
    asked, said = call(store, "test_p2p_connection.py", at(store))
    wrong, unknown = call(store, "test_p2p_connection.py", at(store), "--component=wep")
    told, one = call(store, "test_p2p_connection.py", at(store), "--component=web")
    document = store.document()
    document["components"][0]["name"] = "agents"
    store.describe(components=document["components"])
    named, mine = call(store, "test_agent_response.py", at(store))
    store.describe()

    assert (asked, wrong, told, named) == (4, 4, 0, 0)
    assert "no component is selected" in said
    assert "one of: web, till" in unknown
    assert "till" not in one + mine


def test_what_does_not_answer_fails(store: Store) -> None:
    """The body counts, not that something answered; an optional component is only told."""
    document = store.document()
    document["probes"]["web"]["body"] = "superb"
    store.describe(probes=document["probes"])
    code, said = call(store, "test_full_system.py", at(store))
    document["components"][0]["required"] = False
    store.describe(probes=document["probes"], components=document["components"])
    optional, told = call(store, "test_full_system.py", at(store))
    store.describe()

    assert (code, optional) == (1, 0)
    assert "NOT OK   web: the answer does not match 'superb'" in said
    assert "HINT: tail" in said
    assert "optional web" in told


def test_imports_are_restored_once_armed(store: Store) -> None:
    """Stale bytecode is shown, kept without the name, cleared with it; a broken import fails."""
    words = (at(store), "--from-backup")
    stale = outdated(store)
    shown, plan = call(store, "restore_imports.py", *words, "--dry-run")
    shut, refused = call(store, "restore_imports.py", *words)
    assert stale.exists()
    armed, said = call(store, "restore_imports.py", *words, "--arm=corner")
    again, nothing = call(store, "restore_imports.py", *words)
    source = store.root / "web/serve.py"
    kept = source.read_text()
    source.write_text("import no_such_module\n")
    broken, failed = call(store, "restore_imports.py", *words)
    source.write_text(kept)

    assert (shown, shut, armed, again, broken) == (0, 13, 0, 0, 1), (plan, refused, said, nothing)
    assert "move 1 bytecode file " in plan
    assert "--arm=corner" in refused
    assert "2 imports OK" in said
    assert not stale.exists()
    assert "no stale bytecode" in nothing
    assert "no_such_module" in failed


def test_clearing_imports_is_no_drill(store: Store) -> None:
    """Readiness still knows of no drill, and nobody has to go on with anything."""
    outdated(store)
    call(store, "restore_imports.py", at(store), "--from-backup", "--arm=corner")
    _, said = call(store, "rollback", "status", at(store))

    assert "partial" in said
    assert "recovered" not in said


def test_suites_are_run_by_name(store: Store) -> None:
    """The rehearsal shows the plan and changes nothing; readiness ends with its verdict."""
    before = (store.root / "motto.txt").read_text()
    dry, plan = call(store, "simulate_rollback.py", at(store), "--dry-run")
    ready, verdict = call(store, "validate_rollback_capability.py", at(store))

    assert (dry, ready) == (0, 0), plan + verdict
    assert "in all" in plan
    assert (store.root / "motto.txt").read_text() == before
    assert "READY" in verdict
