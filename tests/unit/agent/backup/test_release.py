"""A backup set beside the releases in the repository: whose the copies are, and the live files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.messages.backup.verify import ReleaseContent
from pytest_rollback.agent.messages.location import Release
from tests.unit.agent.backup.test_undeclared import _git
from tests.unit.support.deployed import FILES, Deploy

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rollback.agent.messages.backup.verify import Backups

ENV, MESH, SERVER = "config/.env", "core/mesh/mesh.py", "core/gateway/server.py"


class Deployed(Deploy):
    """Three releases in a repository of their own; the set lies between the second and third."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.repository = place / "repository"
        self.repository.mkdir()
        self.git("init", "-q")
        self.commits = {name: self.commit(name) for name in ("v0", "v1", "v2", "v3")}

    def git(self, *argv: str) -> str:
        """Run git in the repository."""
        return _git(self.repository, *argv)

    def text(self, name: str, path: str) -> str:
        """Return what a release has in a file."""
        return f"{name} of {path}\n"

    def commit(self, name: str) -> str:
        """Commit a release of all files but the settings, which are of the host alone."""
        for path in [*FILES, "core/new.py"][: None if name > "v1" else -1]:
            if path != ENV:
                file = self.repository / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self.text(name, path))
        self.git("add", ".")
        self.git("commit", "-qm", name)
        self.git("tag", name)
        return self.git("rev-parse", "HEAD")

    def live(self, name: str, *paths: str) -> None:  # type: ignore[override]
        """Deploy some files of a release, or all of them."""
        for path in paths or [*FILES, *(["core/new.py"] if name > "v1" else [])]:
            self.put(path, self.text(name, path))

    def between(self, previous: str = "v1", current: str = "v2") -> Deployed:
        """Save the set, as a deploy does that says it goes from one release to the other."""
        sides = {"previous": previous, "current": current}
        self.save(**{key: Release(n, self.commits[n]) for key, n in sides.items()})
        return self

    def found(self) -> Backups:
        """Return what is found with the repository."""
        return self.look(git=str(self.repository))

    @property
    def both(self) -> tuple[ReleaseContent, ReleaseContent]:
        """Return the backups beside the previous release, the live files beside the current one."""
        found = self.found()
        assert found.previous
        assert found.current
        return found.previous, found.current


@pytest.fixture
def site(tmp_path: Path) -> Deployed:
    """The first release is live."""
    site = Deployed(tmp_path)
    site.live("v1")
    return site


def test_a_set_of_its_releases_differs_nowhere(site: Deployed) -> None:
    """What the repository does not have, as settings of the host, is not compared."""
    site.between().live("v2")

    previous, current = site.both
    assert (previous.compared, previous.differ) == (len(FILES) - 1, {})
    assert (current.compared, current.differ) == (len(FILES), {})
    assert site.found().undeclared == ()


def test_copies_of_another_release_are_named_with_it(site: Deployed) -> None:
    """The release before the previous one was live when the set was saved."""
    site.live("v0")
    site.between().live("v2")

    previous, _ = site.both
    assert previous.tag == "v0"
    assert previous.known == len(previous.differ) == len(FILES) - 1
    assert set(previous.differ.values()) == {"has the content of another commit"}


def test_another_release_that_is_live_is_named(site: Deployed) -> None:
    """The third release was deployed without a set."""
    site.between().live("v3")

    previous, current = site.both
    assert (previous.differ, current.tag) == ({}, "v3")


def test_a_hotfix_is_no_release(site: Deployed) -> None:
    """Neither before the deploy, in a copy, nor after it, in a live file."""
    site.put(MESH, "repaired by hand")
    site.between().live("v2")
    site.put(SERVER, "repaired again")

    previous, current = site.both
    assert previous.differ == {MESH: "has content of no commit"}
    assert current.differ == {SERVER: "has content of no commit"}
    assert (previous.known, previous.tag, current.known, current.tag) == (0, "", 0, "")


def test_other_line_ends_are_a_difference_that_is_named(site: Deployed) -> None:
    """An interpreter or a checksum may take them for another file."""
    site.put(MESH, site.text("v1", MESH).replace("\n", "\r\n"))
    site.between().live("v2")

    assert site.both[0].differ == {MESH: "has other line ends than the commit"}


def test_a_missing_added_file_and_one_that_should_be_gone_are_named(site: Deployed) -> None:
    """The deploy was not whole."""
    site.git("rm", "-q", MESH)
    site.git("commit", "-qm", "v4")
    site.commits["v4"] = site.git("rev-parse", "HEAD")
    site.between(current="v4")
    site.live("v3", SERVER)

    _, current = site.both
    assert current.differ[MESH] == "is there, and the release deletes it"
    assert current.differ["core/new.py"] == "is missing"


def test_a_file_that_the_release_deletes_has_to_be_saved(site: Deployed) -> None:
    """It is not there any more; its directory, or all of it, was a part of the system."""
    for path in ("core/old.py", "gone/all.py", "docs/old.md", "docs/kept.md", "top.py"):
        file = site.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("old")
    (site.repository / "main.py").write_text("main")
    site.put("main.py", "main")
    site.git("add", ".")
    site.git("commit", "-qm", "before")
    site.commits["v4"] = site.git("rev-parse", "HEAD")
    site.git("rm", "-qr", "core/old.py", "gone", "docs/old.md", "top.py")
    site.git("commit", "-qm", "after")
    site.commits["v5"] = site.git("rev-parse", "HEAD")
    site.between("v4", "v5")

    assert site.found().undeclared == ("core/old.py", "gone/all.py", "top.py")


def test_the_root_may_be_a_folder_of_the_repository(site: Deployed) -> None:
    """And its paths are those below it."""
    site.git("init", "-q", str(site.place))
    _git(site.place, "add", "-f", "root")
    _git(site.place, "commit", "-qm", "all")
    one = _git(site.place, "rev-parse", "HEAD")
    site.put(MESH, "v2")
    _git(site.place, "commit", "-qam", "more")
    two = _git(site.place, "rev-parse", "HEAD")
    site.live("v1")
    site.save(previous=Release("v1", one), current=Release("v2", two), files=[ENV], added=[])
    found = site.look(git=str(site.place))

    assert found.undeclared == (MESH,)
    assert found.previous == found.previous._replace(compared=1, differ={})  # type: ignore[union-attr]


def test_a_deploy_without_a_set_is_told_by_what_it_changed_besides(tmp_path: Path) -> None:
    """Its files are in no backup: of another commit they are a release, of none a hotfix."""
    site = Deployed(tmp_path)
    other = "core/other.py"
    (site.repository / other).write_text("same in both\n")
    site.commits.update({name: site.commit(name) for name in ("u1", "v4")})
    site.live("u1")
    site.put(other, "same in both\n")
    site.between("u1", "v4")
    time.sleep(1.1)  # a record has whole seconds
    site.live("v4")
    site.put(other, "same in both\n")
    assert site.found().later == ReleaseContent(site.commits["v4"], 1, {})

    site.put(other, "by hand\n")
    by_hand = site.found().later
    (site.repository / other).write_text("of the fifth\n")
    site.commit("v5")
    site.put(other, "of the fifth\n")
    deployed = site.found().later

    assert by_hand
    assert deployed
    assert (list(by_hand.differ), by_hand.known) == ([other], 0)
    assert (list(deployed.differ), deployed.known) == ([other], 1)
