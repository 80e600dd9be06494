"""What a repository knows of two releases is told rightly, and nothing of its own is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.backup import git
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.messages.backup.git import by_hand
from tests.unit.support.apart import ROOT_ONLY, reachable


class Repository:
    """A repository with two commits: the previous release and the current one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        self.git("init", "-q", "-b", "main")
        self.write("app.py", "previous\n")
        self.write("gone.py", "gone\n")
        self.write("same.py", "same\n")
        (place / "link").symlink_to("same.py")
        self.previous = self.commit("previous")
        self.write("app.py", "current\n")
        self.write("new\nline é.py", "new\n")
        (place / "gone.py").rename(place / "moved.py")
        self.current = self.commit("current")

    def git(self, *argv: str) -> str:
        """Run git as somebody who commits."""
        words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *argv]
        done = subprocess.run(words, cwd=self.place, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        (self.place / path).write_text(text)

    def commit(self, message: str) -> str:
        """Commit everything that is there and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-qm", message)
        return self.git("rev-parse", "HEAD")

    def changed(self) -> git.ChangedPaths:
        """Ask what the two releases change."""
        return git.changed(str(self.place), self.previous, self.current)

    def missing(self, *paths: str, commit: str = "") -> dict[str, str]:
        """Ask which of these paths the previous release lacks."""
        return git.missing(str(self.place), commit or self.previous, paths)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of two releases."""
    return Repository(tmp_path / "repository")


DIFF = git.ChangedPaths(["app.py"], ["moved.py", "new\nline é.py"], ["gone.py"])


def test_a_diff_is_told_by_kind_and_a_rename_is_two(repository: Repository) -> None:
    """Names of any kind arrive as they are; what moved was removed and added."""
    assert repository.changed() == DIFF


def test_a_name_that_is_no_utf8_survives(repository: Repository) -> None:
    """Names are bytes; they travel as surrogates."""
    repository.write("\udcff.py", "x")
    repository.current = repository.commit("bytes")

    assert "\udcff.py" in repository.changed().added
    assert repository.missing("\udcff.py", commit=repository.current) == {}


def test_what_a_commit_holds_is_a_file_with_its_content(repository: Repository) -> None:
    """A path is held when it is a regular file of that commit; all others are told."""
    assert repository.missing("app.py", "gone.py") == {}
    assert repository.missing("app.py", "moved.py", "link") == {
        "moved.py": "not in the commit",
        "link": "is a link in the commit",
    }


def test_a_blob_that_is_lost_is_not_held(repository: Repository) -> None:
    """A listing alone proves nothing: the content has to be there."""
    blob = repository.git("rev-parse", f"{repository.previous}:app.py")
    (repository.place / ".git/objects" / blob[:2] / blob[2:]).unlink()

    assert "its content is not in the repository" in repository.missing("app.py")["app.py"]


def test_a_shallow_clone_says_how_to_deepen_it(repository: Repository, tmp_path: Path) -> None:
    """A clone without the previous release is no fallback, and the hint repairs it."""
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth=1", f"file://{repository.place}", str(shallow))
    repository.place = shallow
    with pytest.raises(HostError, match=r"shallow clone .* does not have") as caught:
        repository.changed()

    assert by_hand(str(shallow), "fetch --unshallow") in caught.value.hint


def test_an_unknown_commit_is_named(repository: Repository) -> None:
    """A commit that nobody has is a problem, not an empty diff."""
    with pytest.raises(HostError, match="does not have the commit " + "1" * 40):
        repository.missing("app.py", commit="1" * 40)


@pytest.mark.parametrize("commit", ["", "--output=x", "HEAD\nHEAD", "a b", "v1 "])
def test_what_names_no_commit_is_refused(repository: Repository, commit: str) -> None:
    """No option and no second line can come in by the record."""
    with pytest.raises(HostError, match="is not a full commit id"):
        git.missing(str(repository.place), commit, ())


def test_no_repository_is_a_problem(tmp_path: Path) -> None:
    """A directory that is none, and one that is not there, are named with a hint."""
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(HostError, match=str(place)) as caught:
            git.changed(str(place), "a", "b")
        assert "[fallback]" in caught.value.hint


def test_a_repository_runs_nothing(repository: Repository, tmp_path: Path) -> None:
    """Monitor, hooks, filters, diff drivers and pagers of the repository's settings do not run."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    trap.chmod(0o755)
    names = ("core.fsmonitor", "core.pager", "diff.external", "diff.x.command", "diff.x.textconv")
    for name in (*names, "filter.x.smudge", "core.sshCommand", "core.alternateRefsCommand"):
        repository.git("config", name, str(trap))
    repository.git("config", "pager.diff-tree", "true")
    repository.git("config", "core.hooksPath", str(tmp_path))
    (repository.place / ".git/info/attributes").write_text("* diff=x filter=x\n")

    assert repository.changed() == DIFF
    assert repository.missing("app.py") == {}
    assert not (tmp_path / "ran").exists()


def test_a_bare_repository_is_as_good(repository: Repository, tmp_path: Path) -> None:
    """A mirror beside the system can be the fallback as well."""
    repository.git("clone", "-q", "--bare", str(repository.place), str(tmp_path / "bare"))
    repository.place = tmp_path / "bare"

    assert repository.changed() == DIFF


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_it_is_read_as_its_owner(repository: Repository, open_place: Path) -> None:
    """As root we become the owner: nothing in a service user's repository runs with our rights."""
    repository.place = Path(shutil.move(repository.place, open_place / "repository"))
    for path in (repository.place, *repository.place.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)

    assert git.owner(str(repository.place)) == "nobody"
    assert repository.changed() == DIFF


def test_without_git_the_problem_says_so(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host without git has no diff and no fallback, in words."""
    monkeypatch.setattr("pytest_rollback.agent.system.command.PLACES", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert shutil.which("git") is None
    with pytest.raises(HostError, match="git is not installed"):
        repository.changed()


def test_a_repository_that_blocks_is_waited_for_once(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fifo in it keeps git waiting: the deadline is spent once, however often it is asked."""
    monkeypatch.setattr(git, "TIMEOUT", 1.0)
    monkeypatch.setattr(git, "STUCK", set())
    (repository.place / ".git/HEAD").unlink()
    os.mkfifo(repository.place / ".git/HEAD")
    began = time.monotonic()
    for _ in range(20):
        with pytest.raises(HostError, match="git gave no answer in 1 s in the repository"):
            repository.changed()

    assert time.monotonic() - began < 10


@ROOT_ONLY
def test_the_command_of_hints_works_for_root_in_anybodys_repository(
    repository: Repository, tmp_path: Path
) -> None:
    """Git alone refuses it, rightly; as the owner it prints what the hint says."""
    reachable(tmp_path)
    for path in (repository.place, *repository.place.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    words = f"show {repository.previous}:app.py"
    environment = {key: value for key, value in os.environ.items() if key != "GIT_CONFIG_GLOBAL"}

    def printed(command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, check=False, env=environment
        )
        return done.returncode, done.stdout

    assert printed(f"git -C {repository.place} {words}")[0] != 0
    code, said = printed(by_hand(str(repository.place), words))
    assert (code, bool(said)) == (0, True)
