"""Systems under systemd on a whole host, reached over ssh: from nothing to READY."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import podman, usable
from tests.contract.machine import IMAGE, Bare
from tests.shapes.follower import Follower
from tests.shapes.linked_systems import LINKED
from tests.shapes.systems import SECRET, SYSTEMS

PACKAGES = (
    *("blinker", "click", "flask", "gunicorn", "itsdangerous", "jinja2", "markupsafe"),
    *("packaging", "werkzeug"),
)
"""What Flask under gunicorn needs; the host has no network."""

FIRST = "blog"
"""Of which readiness is asked before anything is saved as well."""


def script(host: Bare, text: str) -> str:
    """Have a host carry out a script, as root."""
    return podman("exec", "-i", host.container.name, "sh", data=text.encode()).decode()


@pytest.fixture(scope="module")
def bare() -> Iterator[Bare]:
    """One machine for all of them; each system is taken away before the next one comes."""
    try:
        usable()
        IMAGE.built(print)
    except Unreachable as lacking:
        pytest.skip(f"not run: {lacking.message}; {lacking.hint}")
    shared = Path(tempfile.mkdtemp(prefix="shapes-", dir="/var/tmp"))
    with Bare(shared) as host:
        for name in PACKAGES:
            found = importlib.util.find_spec(name)
            assert found, f"make setup: {name} is not installed"
            place = Path(str(found.origin)).parent
            shutil.copytree(place, shared / name, ignore=shutil.ignore_patterns("__pycache__"))
        script(host, f"cp -r {shared} /var/tmp/flask")
        yield host
    shutil.rmtree(shared)


ALL = {**SYSTEMS, **LINKED}


@pytest.mark.parametrize("name", ALL)
def test_a_system_leads_to_ready_without_a_line_by_hand(
    bare: Bare, tmp_path: Path, name: str
) -> None:
    """Described, a first verdict, saved, deployed, READY; the file is the one that is kept."""
    system = ALL[name]
    script(bare, system.install)
    script(bare, system.up)
    try:
        follower = Follower(tmp_path, {"CONNECTION": bare.url})
        printed = follower.init(f"--connection={bare.url}", "--target-name=production")
        assert SECRET not in printed + follower.manifest.read_text()
        follower.compare(f"{name}.toml")

        if name == FIRST:
            code, printed = follower.pytest("suites/readiness")
            assert (code, "NOT READY" in printed) == (1, True), printed
        save = "record the release" if name in LINKED else "deployed, save"
        follower.carried_out(save, *system.filled)
        script(bare, system.deploy)
        script(bare, system.up)
        code, printed = follower.pytest("suites/readiness")
        assert (code, "READY" in printed) == (0, True), printed
        code, printed = follower.called("init", "--check", f"--target={follower.manifest}")
        assert code == 0, printed
        follower.note(name)
    finally:
        script(bare, system.remove)


@pytest.mark.parametrize("name", LINKED)
def test_a_system_behind_a_link_is_rolled_back_undone_and_rolled_back_again(
    bare: Bare, tmp_path: Path, name: str
) -> None:
    """Under systemd, over ssh: described by `init` alone, with a baseline of its own."""
    system = LINKED[name]
    script(bare, system.install)
    script(bare, system.up)
    try:
        follower = Follower(tmp_path, {"CONNECTION": bare.url})
        follower.init(f"--connection={bare.url}", "--target-name=production")
        follower.baseline()
        follower.carried_out("record the release", *system.filled)
        script(bare, system.deploy)
        script(bare, system.up)
        for _ in range(2):
            words = ("suites/drill", "suites/validate", "--arm=production")
            code, printed = follower.pytest(*words)
            assert (code, "RECOVERED in" in printed) == (0, True), printed
            assert "20261101" in script(bare, "readlink /srv/*/current")
            run = str(follower.record()["run"])
            code, printed = follower.called(
                "undo", run, "--arm=production", f"--target={follower.manifest}"
            )
            assert code == 0, printed
            assert "20261102" in script(bare, "readlink /srv/*/current")
            script(bare, system.up)
    finally:
        script(bare, system.remove)
