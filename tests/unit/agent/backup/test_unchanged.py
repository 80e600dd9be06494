"""Files that both releases have alike: no backup holds them, and a rollback needs them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import unchanged
from pytest_rollback.agent.messages.backup.unchanged import (
    OwnerUnchanged,
    Unchanged,
    UnchangedRequest,
    UnitAccount,
)
from pytest_rollback.agent.messages.location import ComponentFiles, Release, Selection
from tests.unit.agent.backup.test_undeclared import _git
from tests.unit.support.apart import reachable
from tests.unit.support.deployed import Deploy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIB, LINK, DATA = "core/lib.py", "shared/data", "shared/data-a"


class Site(Deploy):
    """A root that is a repository of two releases; the set lies between them."""

    def __init__(self, place: Path) -> None:
        self.place, self.root, self.state = place, place / "root", place / "var/state"
        self.put("core/app.py", "# v1\n")
        self.put(LIB, "# the same in both\n")
        self.put(DATA, "10\n")
        self.put("shared/data-b", "20\n")
        self.put("README.md", "read me\n")
        (self.root / LINK).symlink_to("data-a")
        self.put(".gitignore", "*.backup\n")
        self.git("init", "-q")
        releases = {}
        for name in ("v1", "v2"):
            self.put("core/app.py", f"# {name}\n")
            (self.root / LINK).unlink()
            (self.root / LINK).symlink_to("data-a" if name == "v1" else "data-b")
            self.git("add", ".")
            self.git("commit", "-qm", name)
            releases[name] = Release(name, self.git("rev-parse", "HEAD"))
        self.git("checkout", "-q", "HEAD~1")
        self.save(
            files=["core/app.py", LINK], added=[], previous=releases["v1"], current=releases["v2"]
        )
        self.git("checkout", "-q", releases["v2"].commit or "")

    def git(self, *argv: str) -> str:
        """Run git in the root."""
        return _git(self.root, *argv)

    def found(self, repository: str = "", user: str = "nobody") -> Unchanged:
        """Return what is wrong, for a component of all of core that runs as a user."""
        mine = (ComponentFiles("core", ("core/**",)),)
        selection = Selection(mine, git=repository or str(self.root))
        accounts = {"core": UnitAccount(user)} if user else {}
        return unchanged.look(UnchangedRequest(self.location, selection, accounts))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The second release is live, and everybody can get to it."""
    reachable(tmp_path)
    return Site(tmp_path)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")


def wrong(found: Unchanged) -> dict[str, OwnerUnchanged]:
    """Return the owners of whose files something is wrong."""
    return {name: each for name, each in found.owners.items() if any(each[1:])}


def test_a_release_as_committed_has_nothing_wrong(site: Site) -> None:
    """Files of the set, ignored and unknown ones are not looked at."""
    site.put("core/notes.txt", "of nobody")
    found = site.found(user="")
    assert (wrong(found), found.skipped, found.untried) == ({}, {}, "")
    assert {name: each.files for name, each in found.owners.items()} == {"core": 1, "shared": 4}


def test_a_missing_file_is_named(site: Site) -> None:
    """One that is a directory now is missing as well."""
    (site.root / LIB).unlink()
    (site.root / "README.md").unlink()
    (site.root / "README.md").mkdir()
    found = site.found(user="").owners
    assert found["core"].missing == {LIB: "is missing"}
    assert found["shared"].missing == {"README.md": "is missing"}


def test_other_content_is_told_whenever_it_came(site: Site) -> None:
    """A file that differs is read if it changed since the set, and if it lay so before."""
    for path, text in ((LIB, "# the sAme in both\n"), (DATA, "20\n")):
        site.put(path, text)
    found = site.found(user="").owners
    assert found["core"].differ == {LIB: "has content of no commit"}
    assert found["shared"].differ == {DATA: "has the content of another commit"}
    assert (found["core"].other, found["shared"].other) == (0, 1)


def test_what_is_too_large_is_compared_by_its_size(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed since the set was saved is read whatever its size is."""
    monkeypatch.setattr(unchanged, "READ", 0)
    later = time.time() + 60
    monkeypatch.setattr(unchanged, "_since", lambda _: later)
    site.put(LIB, "# the sAme in both\n")
    site.put(DATA, "100\n")
    found = site.found(user="")
    assert found.owners["shared"].differ == {DATA: "has content of no commit"}
    assert found.owners["core"].differ == {}
    assert found.skipped == {unchanged.LARGE: 4}


def test_line_ends_filters_submodules_and_sparse_files_are_no_difference(site: Site) -> None:
    """What git converts or leaves out is counted, and not compared."""
    (site.root / DATA).write_bytes(b"10\r\n")
    site.put("shared/data-b", "large\n")
    site.put(".git/info/attributes", "shared/data-b filter=lfs\n")
    (site.root / "README.md").unlink()
    site.git("update-index", "--skip-worktree", "README.md")
    found = site.found(user="")
    assert wrong(found) == {}
    assert found.skipped == {unchanged.CONVERSION: 1, unchanged.SPARSE: 1}


def test_another_root_may_lack_files(site: Site, tmp_path: Path) -> None:
    """Of a root apart from the repository only files beside others are told, as advice."""
    site.git("clone", "-q", str(site.root), str(tmp_path / "clone"))
    (site.root / LIB).unlink()
    found = site.found(str(tmp_path / "clone"), user="")
    assert found.owners["core"].apart == {LIB: "is not there"}
    assert found.owners["core"].missing == {}


CLOSED: dict[str, tuple[Callable[[Site], object], dict[str, str]]] = {
    "a file": (lambda s: (s.root / LIB).chmod(0o600), {LIB: "cannot be read by nobody"}),
    "its directory": (lambda s: (s.root / "core").chmod(0o700), {LIB: "cannot be read by nobody"}),
}


@as_root
@pytest.mark.parametrize("case", CLOSED)
def test_a_unit_that_may_not_read_its_files_is_told(site: Site, case: str) -> None:
    """By the modes of the file and of what lies above it; root may read everything."""
    spoil, said = CLOSED[case]
    spoil(site)
    assert site.found().owners["core"].closed == said
    assert wrong(site.found(user="root")) == {}


@as_root
def test_the_target_of_a_restored_link_has_to_be_readable(site: Site) -> None:
    """The link that a rollback restores leads there; another file of nobody is advice."""
    (site.root / DATA).chmod(0o600)
    (site.root / "README.md").chmod(0o600)
    found = site.found().owners["shared"]
    said = "cannot be read by nobody"
    assert found.closed == {DATA: f"{said}, and {LINK} leads there"}
    assert found.tight == {"README.md": said}


def test_a_record_without_commits_tells_nothing(site: Site) -> None:
    """That is no answer, and said."""
    (site.state / "backups.json").unlink()
    site.save(files=["README.md"], added=[], replace=True)
    assert site.found() == Unchanged("", {}, {}, "the record has no commits")
