"""A unit that has nothing of the root runs another tree: a rollback would change nothing for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.services.presence.elsewhere import other_tree
from pytest_rollback.agent.system.processes import processes

RECORDED = ("web/serve.py", "web/gone.py")
WAITS = "print(flush=True); input()"


class Site:
    """Two trees of one system, and processes of it."""

    def __init__(self, place: Path) -> None:
        self.place, self.started = place, list[subprocess.Popen[bytes]]()
        for name in ("srv", "other"):
            (place / name / "web").mkdir(parents=True)
            (place / name / "web/serve.py").write_text(WAITS)
            (place / name / "web/__init__.py").write_text("")

    def tree(self, *words: str, cwd: str = "/", **variables: str) -> str:
        """Return the other tree of a process that runs these words."""
        process = subprocess.Popen(
            [sys.executable, *(word.format(self.place) for word in words)],
            cwd=cwd.format(self.place),
            env={**os.environ, **{k: v.format(self.place) for k, v in variables.items()}},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.started.append(process)
        assert process.stdout
        process.stdout.readline()
        table = [one for one in processes() if one.pid == process.pid]
        return other_tree([f"{self.place}/srv"], table, RECORDED).replace(str(self.place), "")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Two trees."""
    site = Site(tmp_path)
    yield site
    for each in site.started:
        each.communicate(b"\n")


def test_a_unit_of_another_tree_is_told(site: Site) -> None:
    """By its script, by the directory that it works in, and by a module of it."""
    assert site.tree("{}/other/web/serve.py") == "/other"
    assert site.tree("-m", "web.serve", cwd="{}/other") == "/other"
    assert site.tree("-c", WAITS, cwd="{}/other/web") == "/other"


def test_a_unit_with_anything_of_the_root_is_of_it(site: Site) -> None:
    """A word, a variable, its directory, its script, or an open file is enough."""
    assert site.tree("{}/srv/web/serve.py", cwd="{}/other") == ""
    assert site.tree("-c", WAITS, "--chdir={}/srv", cwd="{}/other") == ""
    assert site.tree("-c", WAITS, cwd="{}/srv") == ""
    assert site.tree("-c", WAITS, cwd="{}/other", SHOP_HOME="{}/srv") == ""
    assert site.tree("-c", f"held = open('{{}}/srv/web/serve.py'); {WAITS}", cwd="{}/other") == ""


def test_where_nothing_tells_nothing_is_said(site: Site) -> None:
    """No recorded file lies where it runs; and it has ended."""
    assert site.tree("-c", WAITS) == ""
    assert other_tree(["/nowhere"], [], RECORDED) == ""
