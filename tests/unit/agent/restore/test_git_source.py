"""A saved copy that cannot be used: the recorded commit gives the file, if it is the very same."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

from pytest_rollback.agent.backup import save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.restore import Restored, RestoreRequest
from pytest_rollback.agent.restore import apply, git_source, stage
from pytest_rollback.agent.restore.commit import StagedCopies
from pytest_rollback.agent.rollback import undo
from pytest_rollback.agent.state import backup_set, evidence
from tests.unit.support import requests
from tests.unit.support.deployed import saving

NAMES = ["a.py", "sub/b.bin", "sub/new\nline", "sub/\udcff"]


class Site:
    """A root that is its own repository: saved, then deployed in two commits, then hotfixed."""

    def __init__(self, home: Path) -> None:
        self.root, self.state = home / "root", home / "state"
        (self.root / "sub").mkdir(parents=True)
        for name in NAMES:
            self.path(name).write_bytes(b"previous\0\r\n\xff " + os.fsencode(name))
            self.path(name).chmod(0o640)
            os.setxattr(self.path(name), "user.from", b"the release")
            os.utime(self.path(name), ns=(10**18, 10**18 + 7))
        self.git("init", "-q")
        (self.root / ".gitignore").write_text("*.backup\n.rollback-*\n")
        self.commit()
        self.previous = self.git("rev-parse", "HEAD")
        previous = Release("1", self.previous)
        save.save(saving(self.root, self.state, NAMES, previous=previous))
        for number in range(2):
            for name in NAMES:
                self.path(name).write_text(f"current {number}")
            self.commit()
        self.path("a.py").write_text("hotfix, never committed")

    def path(self, name: str) -> Path:
        """Return a file's path."""
        return self.root / name

    def copy(self, name: str) -> Path:
        """Return the path of a backup."""
        return self.root / f"{name}.backup"

    def request(self, git: Path | None) -> RestoreRequest:
        """Return a request about the run, with a repository."""
        selection = requests.selected(git=str(git) if git else None)
        return requests.restore(requests.located(self.root, self.state), selection)

    @property
    def own(self) -> RestoreRequest:
        """The request with its own repository."""
        return self.request(self.root)

    def git(self, *argv: str) -> str:
        """Run git as somebody who commits."""
        words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *argv]
        done = subprocess.run(words, cwd=self.root, check=True, capture_output=True)
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", "release")

    def restore(self) -> Restored:
        """Plan and restore."""
        return apply.apply(self.own._replace(digest=apply.look(self.own).digest))

    def facts(self, name: str) -> tuple[object, ...]:
        """Return everything that is restored of a file."""
        path, found = self.path(name), self.path(name).stat()
        attribute = os.getxattr(path, "user.from")
        return path.read_bytes(), found.st_mode & 0o7777, found.st_mtime_ns, attribute


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A deployed site."""
    return Site(tmp_path)


def link(path: Path) -> None:
    """Put a link to a secret where a copy was."""
    path.unlink()
    path.symlink_to("/etc/shadow")


SPOILT = {
    "missing": Path.unlink,
    "altered": lambda path: path.write_text("evil"),
    "empty": lambda path: path.write_bytes(b""),
    "a link": link,
}


@pytest.mark.parametrize("how", SPOILT)
def test_the_recorded_commit_gives_what_no_copy_does(site: Site, how: str) -> None:
    """Not HEAD~1: the recorded one. Owner, mode, time and attributes are those of the record."""
    for name in NAMES[:3]:
        SPOILT[how](site.copy(name))
    found = apply.look(site.own)
    assert (sorted(found.git), len(found.paths)) == (sorted(NAMES[:3]), len(NAMES))
    site.restore()

    for name in NAMES:
        content = b"previous\0\r\n\xff " + os.fsencode(name)
        assert site.facts(name) == (content, 0o640, 10**18 + 7, b"the release")
    assert apply.look(site.own).paths == ()


def test_undo_brings_the_hotfix_back(site: Site) -> None:
    """What was live, committed or not; the repository, its index included, was left alone."""
    site.copy("a.py").unlink()
    index, head = (site.root / ".git/index").read_bytes(), site.git("rev-parse", "HEAD")
    site.restore()
    undo.undo(requests.undo(site.own.location))

    assert site.path("a.py").read_text() == "hotfix, never committed"
    assert ((site.root / ".git/index").read_bytes(), site.git("rev-parse", "HEAD")) == (index, head)


def test_other_content_in_the_commit_is_never_restored(site: Site) -> None:
    """A commit that is not what was deployed is no fallback, whoever recorded it."""
    site.copy("a.py").unlink()
    known = backup_set.read(str(site.state))
    head = site.git("rev-parse", "HEAD")
    backup_set.write(str(site.state), known._replace(previous=backup_set.Release("1", head)))

    with pytest.raises(HostError, match=r"a\.py: its backup is absent.*has other content"):
        apply.look(site.own)


def test_what_git_cannot_give_is_said(site: Site, tmp_path: Path) -> None:
    """No repository, no commit, a shallow clone, a lost object, a file that was never in it."""
    site.copy("a.py").unlink()
    for git, words in ((None, "no repository in"), (tmp_path / "no", "cannot be read")):
        with pytest.raises(HostError, match=words):
            apply.look(site.request(git))
    shallow = tmp_path / "shallow"
    site.git("clone", "-q", "--depth", "1", f"file://{site.root}", str(shallow))
    with pytest.raises(HostError, match=r"a shallow clone .* does not have the commit"):
        apply.look(site.request(shallow))
    blob = site.git("rev-parse", f"{site.previous}:a.py")
    (site.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(HostError, match="not a file in the recorded commit"):
        apply.look(site.own)
    known = backup_set.read(str(site.state))
    backup_set.write(str(site.state), known._replace(previous=backup_set.Release("1", None)))
    with pytest.raises(HostError, match="the record has no commit"):
        apply.look(site.own)


def test_nothing_of_the_repository_is_run(site: Site, tmp_path: Path) -> None:
    """Filters, monitors, hooks and text conversions are its settings, and hostile."""
    mark = tmp_path / "ran"
    for key in ("filter.x.smudge", "core.fsmonitor", "diff.x.textconv", "core.sshCommand"):
        site.git("config", key, f"touch {mark}; cat")
    (site.root / ".gitattributes").write_text("* filter=x diff=x text eol=crlf\n")
    site.copy("a.py").unlink()
    site.restore()

    assert site.path("a.py").read_bytes().startswith(b"previous\0\r\n")
    assert not mark.exists()


def test_as_root_the_repository_is_read_as_its_owner(site: Site, open_place: Path) -> None:
    """What its owner may not read, root does not read for it."""
    if os.geteuid():
        pytest.skip("only root becomes somebody else")
    other = open_place / "other"
    shutil.copytree(site.root / ".git", other / ".git")
    subprocess.run(["chown", "-R", "nobody", other], check=True)
    site.copy("a.py").unlink()
    assert apply.look(site.request(other)).git == ("a.py",)

    blob = site.git("rev-parse", f"{site.previous}:a.py")
    place = other / ".git/objects" / blob[:2] / blob[2:]
    os.chown(place, 0, 0)
    place.chmod(0o400)
    with pytest.raises(HostError, match=r"a\.py"):
        apply.look(site.request(other))


@pytest.mark.parametrize(
    ("module", "step"),
    [
        (stage, "write"),
        (stage, "flush"),
        (StagedCopies, "preserve"),
        (StagedCopies, "commit"),
    ],
)
def test_a_restore_that_died_goes_on_without_the_repository(
    site: Site, monkeypatch: pytest.MonkeyPatch, module: ModuleType | type[StagedCopies], step: str
) -> None:
    """What was planned is fetched before anything else, durable, in the run's own folder."""
    site.copy("a.py").unlink()

    def dies(*_: object) -> None:
        raise OSError(5, "the host died")

    with monkeypatch.context() as dying:
        dying.setattr(module, step, dies)
        with pytest.raises((OSError, HostError), match="the host died"):
            site.restore()
    shutil.rmtree(site.root / ".git")
    apply.apply(site.own)

    assert site.path("a.py").read_bytes().startswith(b"previous")
    assert [path.name for path in Path(evidence.fetched_folder(site.own.location)).iterdir()] == [
        next(each.sha256 for each in backup_set.read(str(site.state)).files if each.path == "a.py")
    ]


def test_many_files_are_asked_for_in_groups(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A group holds what fits into memory, one large file at least."""
    monkeypatch.setattr(git_source, "GROUP", 30)
    for name in NAMES:
        site.copy(name).unlink()

    assert sorted(apply.look(site.own).git) == sorted(NAMES)
