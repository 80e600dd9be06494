"""Runs, rooms, repositories and commands on hosts that are not as they should be."""

from __future__ import annotations

import errno
import os
import py_compile
import resource
import shutil
import signal
import time
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.backup import fallbacks, git, selection, verify
from pytest_rollback.agent.backup import requirements as backup_requirements
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import tree as files_tree
from pytest_rollback.agent.messages.backup.git import ReleasesRequest
from pytest_rollback.agent.messages.location import Release
from pytest_rollback.agent.messages.requirements import FallbackRequest, SpaceRequest
from pytest_rollback.agent.messages.state.runs import EndRequest, NoteRequest, RunsRequest
from pytest_rollback.agent.messages.trial import TrialRequest
from pytest_rollback.agent.observe.trial import child, trial
from pytest_rollback.agent.restore import git_fetch, git_source
from pytest_rollback.agent.rollback import bytecode
from pytest_rollback.agent.state import backup_set, evidence, reserved_space, runs
from pytest_rollback.agent.state.journal import Journal
from pytest_rollback.agent.system import command as commands
from pytest_rollback.agent.system import temporary
from tests.unit.agent.backup.test_git import Repository
from tests.unit.support.apart import ROOT_ONLY, apart, injected, somebody, words
from tests.unit.support.deployed import FILES, Deploy
from tests.unit.support.requests import located
from tests.unit.support.volumes import mounted

if TYPE_CHECKING:
    from tests.unit.support.trees import Tree


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """A release that is about to be changed."""
    return Deploy(tmp_path)


def test_a_run_ends_in_no_other_way_than_those_there_are(tmp_path: Path) -> None:
    """A misspelt end is refused; a folder without a beginning is no run."""
    state = tmp_path / "state"
    with pytest.raises(HostError, match="'recoverd' is not an outcome of a run"):
        runs.end(EndRequest(str(state), "r1", "recoverd"))
    runs.note(NoteRequest(located(tmp_path, state), "hello", {}))

    assert runs.look(RunsRequest(str(state))).runs == ()


@pytest.mark.parametrize("line", [b"garbage\n", b'"text"\n', b'{"no": "hash"}\n'])
def test_a_line_that_is_no_entry_stops_everything(tmp_path: Path, line: bytes) -> None:
    """Only the last line may be torn; one that ends was written by somebody else."""
    path = tmp_path / "journal"
    journal = Journal(str(path))
    journal.add("step")
    journal.close()
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(HostError, match=r"journal is damaged at line 2"):
        Journal(str(path))


def test_an_entry_that_is_only_half_written_is_taken_away(tmp_path: Path) -> None:
    """A short write is a full disk: the journal is as it was, and goes on."""
    path = tmp_path / "journal"
    journal = Journal(str(path))
    journal.add("first")
    whole = path.read_bytes()

    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        known = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, known[1]))
        said = words(lambda: journal.add("second"))
        resource.setrlimit(resource.RLIMIT_FSIZE, known)
        os.write(1, said.encode())

    code, said = apart(full)
    assert code == 0, said[-600:]
    assert f"[Errno {errno.ENOSPC}] short write" in said
    assert path.read_bytes() == whole
    journal.add("second")
    journal.close()
    assert [each["event"] for each in Journal(str(path)).entries] == ["first", "second"]


def test_room_that_cannot_be_kept_is_none(tmp_path: Path) -> None:
    """A full disk keeps none, a failing one is told, and neither leaves a file behind."""
    state = str(tmp_path)

    def kept() -> str:
        return words(lambda: reserved_space.keep(state))

    assert injected(kept, "fallocate:error=ENOSPC:when=1") == ""
    assert list(tmp_path.iterdir()) == []
    assert injected(kept, "fsync:error=ENOSPC:when=1") == ""
    assert list(tmp_path.iterdir()) == []
    assert "Input/output error" in injected(kept, "fsync:error=EIO:when=1")
    assert list(tmp_path.iterdir()) == []
    assert kept() == ""
    assert (tmp_path / reserved_space.NAME).stat().st_size == reserved_space.SIZE


def test_bytecode_that_is_bound_by_a_hash_is_stale_when_that_differs(tmp_path: Path) -> None:
    """Bytecode beside its source is not called sourceless."""
    source = tmp_path / "a.py"
    source.write_text("x = 1")
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    (tmp_path / "a.pyc").write_bytes(b"beside")
    assert bytecode.found(str(tmp_path), ["a.py"]) == ([], [])
    assert list(bytecode.sourceless(str(tmp_path), ["a.py"])) == []
    source.write_text("x = 2")
    (stale,) = (tmp_path / "__pycache__").iterdir()

    assert bytecode.found(str(tmp_path), ["a.py"])[0] == [f"__pycache__/{stale.name}"]


@ROOT_ONLY
def test_what_is_mounted_is_no_part_of_the_release(tmp_path: Path) -> None:
    """Backups there are nobody's orphans."""
    (tmp_path / "a.backup").touch()
    place = located(tmp_path, tmp_path / "state")
    with mounted(tmp_path / "disk", "size=1m") as disk:
        (disk / "b.backup").touch()
        with files_tree.Tree(str(tmp_path)) as tree:
            found = selection.orphans(tree, place, ())

    assert found == ["a.backup"]


def test_a_release_diff_names_what_to_save_below_the_root(tmp_path: Path) -> None:
    """Relative to the root, in or beside the repository; one around it has other paths."""
    repository = Repository(tmp_path / "repository")
    (repository.place / "sub").mkdir()
    repository.write("sub/b.py", "new\n")
    later = repository.commit("later")
    asked = ReleasesRequest(str(repository.place), "", repository.previous, later)
    found = git.compare(asked._replace(root=str(repository.place / "sub")))
    assert (found.files, found.added) == ((), ("b.py",))
    assert (found.previous, found.current) == (repository.previous, later)
    for root in (repository.place, tmp_path / "elsewhere"):
        found = git.compare(asked._replace(root=str(root)))
        assert "app.py" in found.files
        assert "gone.py" in found.files
        assert "sub/b.py" in found.added

    with pytest.raises(HostError, match="is below the root"):
        git.compare(asked._replace(root=str(tmp_path)))


@ROOT_ONLY
def test_a_repository_of_nobody_known_is_not_read(tmp_path: Path) -> None:
    """There is no account to become, and as root its configuration would run what it names."""
    repository = Repository(tmp_path / "repository")
    os.chown(repository.place, 54321, 54321)

    with pytest.raises(HostError, match=r"\.git/HEAD can be changed by 54321, and is not run as"):
        repository.changed()


def test_a_fallback_and_a_diff_need_the_recorded_commit(deploy: Deploy, tmp_path: Path) -> None:
    """What it lacks is told; a repository that cannot be read is a problem, not an empty diff."""
    repository = Repository(tmp_path / "repository")
    deploy.put("app.py", "previous\n")
    deploy.save(
        files=[*FILES, "app.py"],
        previous=Release("v1", repository.previous),
        current=Release("v2", repository.current),
    )
    place = str(repository.place)
    found = fallbacks.look(FallbackRequest(deploy.location, ("config/.env",), place, None)).git
    assert found
    assert (found.commit, found.files) == (repository.previous, 3)
    assert sorted(found.lacking) == ["core/gateway/server.py", "core/mesh/mesh.py"]
    (deploy.root / "moved.py").touch()
    assert deploy.look(git=place).undeclared == ("gone.py", "moved.py")
    assert verify.heading(deploy.location).current == Release("v2", repository.current)
    shutil.rmtree(repository.place / ".git")
    lost = deploy.look(git=place)

    assert "the release diff cannot be read" in lost.uncompared
    assert lost.record.problems == ()


def test_what_the_commit_does_not_have_is_not_fetched(deploy: Deploy, tmp_path: Path) -> None:
    """Neither asked for in an empty group, nor put into the run's folder."""
    repository = Repository(tmp_path / "repository")
    deploy.save(previous=Release("v1", repository.previous))
    saved = backup_set.read(str(deploy.state)).files
    place, where = str(repository.place), located(deploy.root, deploy.state)
    assert set(git_source.lacking(where.state, place, saved).values()) == {
        "not a file in the recorded commit"
    }
    with pytest.raises(HostError, match="not a file in the recorded commit"):
        git_fetch.fetch(where, place, saved)

    assert not list((deploy.state / "runs/r1" / evidence.FETCHED).iterdir())


def test_other_places_need_room_as_well(deploy: Deploy) -> None:
    """A page on another disk is one block there."""
    deploy.save()
    asked = SpaceRequest(deploy.location, (), ())
    other = asked._replace(paths=(str(deploy.place),))
    before = sum(each.need for each in backup_requirements.space(asked).rooms)
    after = sum(each.need for each in backup_requirements.space(other).rooms)

    assert after - before == backup_requirements.BLOCK


def test_a_trial_takes_the_files_of_the_record(deploy: Deploy) -> None:
    """Unless the question names others."""
    deploy.put("core/mesh/mesh.py", "def broken(:\n")
    deploy.save()
    deploy.overwrite()
    found = trial.look(TrialRequest(deploy.location, "", 20.0, ()))

    assert found.compiled == 2
    assert list(found.compiles) == ["core/mesh/mesh.py"]


def test_an_agent_in_memory_has_its_text_from_where_it_was_loaded() -> None:
    """Sent to a host it is no file there."""
    text = trial.source()

    def sent() -> None:
        assert child.__file__
        assert child.__spec__
        child.__spec__.loader = SourceFileLoader(child.__name__, child.__file__)
        del child.__file__
        os.write(1, str(trial.source() == text).encode())

    code, said = apart(sent)
    assert (code, said[-600:]) == (0, "True")


@ROOT_ONLY
def test_a_tree_that_finds_no_room_is_not_staged(tree: Tree, tmp_path: Path) -> None:
    """What was staged until then is gone, and so is what a dead trial left long ago."""
    tree.changed("a.py", "x", "y" * 100_000)
    with mounted(tmp_path / "small", "size=64k") as small:
        old, young = small / f"{temporary.PREFIX}old", small / f"{temporary.PREFIX}young"
        for place in (old, young):
            place.mkdir()
        os.utime(old, (time.time() - 2 * temporary.STALE,) * 2)

        def staged() -> None:
            os.environ["TMPDIR"] = str(small)
            temporary.tempfile.tempdir = None
            os.write(1, words(tree.try_).encode())

        code, said = apart(staged)
        left = [path.name for path in small.iterdir()]

    assert code == 0
    assert "cannot be staged" in said
    assert "No space left on device" in said
    assert left == [young.name]


@ROOT_ONLY
def test_somebody_without_rights_stages_for_himself(open_tree: Tree) -> None:
    """Directories stay his own; nobody becomes anybody else but root."""
    open_tree.changed("sub/app.py", "bad", "x = 1")
    open_tree.root.joinpath("sub").chmod(0o755)
    with somebody():
        assert open_tree.imports("sub.app", interpreter="/usr/bin/python3") is None
        assert commands.identity("nobody") is None
        said = words(lambda: commands.identity("root"))

    assert said == "HostError: only root can run commands as 'root'"
