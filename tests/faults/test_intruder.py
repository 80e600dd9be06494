"""Somebody changes files while a restore is under way, or after one was killed: it is noticed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.restore import RESTORE
from pytest_rollback.transport.call import Call
from tests.faults import tracing
from tests.faults.paths import is_file
from tests.faults.scene import Refused, Scene, asked, undo
from tests.faults.steps import change, roll_back
from tests.faults.tracing import Site

WAYS = {"exchange": "renameat2", "rename": "renameat"}
pytestmark = pytest.mark.usefixtures("traced")


@pytest.fixture(params=WAYS)
def scene(request: pytest.FixtureRequest, place: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A deployed scene, for each of the ways that names change hands."""
    tracing.loaded()
    scene = Scene(place / "home", way=request.param).deploy()
    monkeypatch.setenv("PATH", f"{scene.home / 'bin'}:{os.environ['PATH']}")
    return scene


def commits(scene: Scene) -> Site:
    """Return the first call that gives a live file another name; nothing was committed before."""
    kept = scene.home.with_name("kept")
    scene.home.rename(kept)
    other = Scene(scene.home, way=scene.way).deploy()
    wanted = change(other, "files")
    assert wanted is not None
    found = [
        site
        for site in tracing.sites([wanted], scene.home)
        if site.call == WAYS[str(scene.way)] and '"serve.py"' in site.about
    ]
    scene.home.rename(scene.home.with_name("used"))
    kept.rename(scene.home)
    return found[0]


def killed(scene: Scene) -> None:
    """Restore, and be killed right before the first commit."""
    wanted = change(scene, "files")
    assert wanted is not None
    assert tracing.kill(commits(scene), [wanted]).killed


def test_a_staged_file_that_was_damaged_is_staged_again(scene: Scene) -> None:
    """What was staged before a crash may have lost its bytes: it is looked at before it is used."""
    killed(scene)
    beside = [path for path in scene.root.rglob(".rollback-*") if path.lstat().st_nlink == 1]
    staged = [path for path in beside if is_file(path)]
    for path in staged:
        path.write_bytes(b"")
    links = [path for path in beside if path.is_symlink() and str(path.readlink()) == "serve.py"]
    assert links
    for path in links:
        path.unlink()
        path.symlink_to("elsewhere")
    roll_back(scene)

    assert scene.everything()["srv/mesh/turned"] == scene.previous["srv/mesh/turned"]
    assert scene.everything()["srv/app/serve.py"] == scene.previous["srv/app/serve.py"]
    assert bool(staged) == (scene.way == "rename")


def test_a_hotfix_after_a_crash_stays(scene: Scene) -> None:
    """The plan of before is not trusted: what is live now is neither of the two it knows."""
    killed(scene)
    live = scene.root / "app/serve.py"
    live.rename(scene.home / "aside")
    live.write_text("a hotfix\n")
    call = Call(RESTORE, scene.request("files"))
    with pytest.raises(Refused, match="changed since the plan"):
        asked(call)

    assert live.read_text() == "a hotfix\n"
    live.rename(scene.home / "saved elsewhere")
    if scene.way == "exchange":  # then nothing but its name was the failed version's
        (scene.home / "aside").rename(live)
    undo(scene)
    assert scene.everything() == scene.deployed


def test_a_hotfix_in_the_last_instant_stays(scene: Scene) -> None:
    """The agent has looked at all files, and the first is being renamed: the next is changed."""
    wanted = change(scene, "files")
    assert wanted is not None
    site = commits(scene)
    slow = os.fork()
    if slow == 0:
        ended = tracing.delayed(site, 1.5, [wanted])
        os._exit(0 if any("problem" in each for each in ended.answers) else 1)
    journal, until = scene.state / "runs/r1/journal", time.monotonic() + 60
    while time.monotonic() < until:
        if journal.exists() and b'"preserved"' in journal.read_bytes():
            break
        time.sleep(0.002)
    time.sleep(0.1)  # it reads all files once more, and comes to its first commit
    fix = scene.root / "mesh/fix"
    fix.write_text("a hotfix\n")
    fix.rename(scene.root / "mesh/serve.py")

    assert os.waitstatus_to_exitcode(os.waitpid(slow, 0)[1]) == 0
    assert (scene.root / "mesh/serve.py").read_text() == "a hotfix\n"


def test_a_file_with_both_names_loses_the_first(scene: Scene) -> None:
    """After a power cut btrfs may show a moved file in both places: it is moved all the same."""
    for step in ("files", "added", "configuration", "units", "caches", "separate"):
        wanted = change(scene, step)
        if wanted is not None:
            asked(wanted)
    kept = scene.state / "runs/r1/evidence/saved/app/serve.py.backup"
    kept.parent.mkdir(parents=True, mode=0o700)
    kept.hardlink_to(scene.root / "app/serve.py.backup")
    roll_back(scene)

    assert scene.everything().keys() == scene.previous.keys()
    undo(scene)
    assert scene.everything() == scene.deployed
