"""Directories that are recorded, and those that stand where a file or a link was."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.agent.backup import fallbacks, save
from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.files import exchange
from pytest_rollback.agent.messages.requirements import FallbackRequest
from pytest_rollback.agent.messages.trial import TrialRequest
from pytest_rollback.agent.observe.trial import staged_tree, trial
from pytest_rollback.agent.restore import folders
from pytest_rollback.agent.rollback import added_files, archive, undo
from pytest_rollback.agent.state import backup_set
from tests.unit.agent.restore.folded import ADDED, EMPTY, FILES, Folded
from tests.unit.support import requests


@pytest.fixture(params=["exchange", "rename"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Folded:
    """A site, and each way that names change hands."""
    return Folded(tmp_path, request.param)


def test_an_empty_directory_is_all_in_the_record(site: Folded) -> None:
    """With its mode, owner and attributes; no backup lies beside it, and none is missed."""
    known = {saved.path: saved for saved in backup_set.read(str(site.state)).files}

    assert {path: oct(known[path].mode) for path in EMPTY} == {k: oct(v) for k, v in EMPTY.items()}
    assert {known[path].kind for path in EMPTY} == {"directory"}
    assert list(known["spool/gone"].xattrs) == ["user.of"]
    assert not list((site.root / "spool").glob("*.backup"))
    assert site.faults() == {}
    assert save.foresee(site.saving()).changed is False
    assert fallbacks.look(FallbackRequest(site.location, (), None, None)).git is None


def test_each_difference_is_told(site: Folded) -> None:
    """In its own words; what was added below a file that comes back is not told twice."""
    told = site.differ()

    assert told.pop("spool/dressed").startswith(f"is {os.geteuid()}:{os.getegid()} 0755, recorded")
    assert told == {
        "lib/link": "is a directory",
        "plain": "is a directory",
        "spool/filed": "is a file",
        "spool/gone": "is missing",
    }
    assert added_files.look(site.around()).paths == ("new.py",)


def test_all_of_it_is_restored_and_undone(site: Folded) -> None:
    """At each stage; the directory is the failed version with all that it held."""
    assert sorted(site.look().paths) == sorted(FILES)
    site.restore()
    added_files.remove(site.around())
    kept = {path: what for path, what in site.everything().items() if ".rollback-" not in path}
    assert kept == site.wanted()
    assert site.differ() == {}
    archive.close(site.around())
    assert site.everything() == site.wanted()
    assert not list(site.root.rglob("*.backup"))
    evidence = site.state / "runs/r1/evidence/failed"
    assert (evidence / "plain/deep/work.log").read_text() == "of no release"
    assert (evidence / "lib/link/new.py").exists()

    undo.undo(requests.undo(site.location))
    assert site.everything() == site.failed
    assert site.faults() == {}


def test_an_undo_before_the_end_brings_the_directories_back(site: Folded) -> None:
    """They never left the root."""
    site.restore()
    undo.undo(requests.undo(site.location))

    assert site.everything() == site.failed


@pytest.mark.parametrize("end", ["gone on with", "undone"])
def test_a_directory_that_is_half_dressed_is_no_change_of_others(
    site: Folded, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Its owner and mode change one after the other: a crash in between is survived."""
    dress = folders.dress

    def broken_off(directory: int, name: str, saved: Any) -> None:  # noqa: ANN401 - handed over
        if name == "dressed":
            os.chmod(name, 0o700, dir_fd=directory)
            raise OSError(5, "Input/output error")
        dress(directory, name, saved)

    with monkeypatch.context() as patched:
        patched.setattr(folders, "dress", broken_off)
        with pytest.raises(HostError, match="Input/output error"):
            site.restore()
    if end == "undone":
        undo.undo(requests.undo(site.location))
        assert site.everything() == site.failed
    else:
        site.restore()
        assert site.differ() == {}


def test_an_undo_that_ends_right_after_the_exchange_is_gone_on_with(
    site: Folded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The restored file has the name then under which the directory was."""
    site.restore()
    added_files.remove(site.around())
    archive.close(site.around())
    exchanged = exchange.exchange

    def broken_off(directory: int, one: str, other: str) -> None:
        exchanged(directory, one, other)
        if other == "plain":
            raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "exchange", broken_off)
        with pytest.raises(HostError, match="Input/output error"):
            undo.undo(requests.undo(site.location))
    assert (site.root / "plain/deep/more.py").exists()
    undo.undo(requests.undo(site.location))

    assert site.everything() == site.failed


def test_what_cannot_be_kept_forbids_it(site: Folded) -> None:
    """A socket cannot be moved into the evidence: it is told, and how to go on."""
    path = site.root / "plain/deep/app.sock"
    here = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)
    with pytest.raises(HostError, match=f"is a socket, and cannot be kept: rm {path}"):
        site.look()


def test_a_directory_without_a_place_is_told(site: Folded) -> None:
    """The one that it is in was removed."""
    for path in ("spool/filed", "spool/dressed/job"):
        (site.root / path).unlink()
    (site.root / "spool/dressed").rmdir()
    (site.root / "spool").rmdir()

    with pytest.raises(HostError, match=f"is not there: mkdir -p {site.root}/spool"):
        site.look()


def test_where_names_cannot_be_exchanged_nothing_is_touched(
    site: Folded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A directory gives way in one step, or not at all."""
    tried = exchange.unable

    def unable(root: str, names: Any, mark: str, *trial: Callable[..., bool]) -> list[str]:  # noqa: ANN401
        return tried(root, names, mark, *trial) if trial else sorted(names)

    monkeypatch.setattr(exchange, "unable", unable)
    with pytest.raises(HostError, match="cannot"):
        site.restore()

    assert site.everything() == site.failed


@pytest.mark.parametrize("path", ["spool/gone", "spool/filed"])
def test_what_came_into_a_directory_after_the_restore_is_not_lost(site: Folded, path: str) -> None:
    """One that has to make room for a file is a conflict; one that was deleted stays."""
    site.restore()
    site.put(f"{path}/job", "of the previous release")
    if path == "spool/filed":
        with pytest.raises(HostError, match="spool/filed is not empty any more"):
            undo.undo(requests.undo(site.location))
        (site.root / path / "job").unlink()
    undo.undo(requests.undo(site.location))

    left = {"spool/gone", "spool/gone/job"} if path == "spool/gone" else set()
    assert site.everything().keys() - site.failed.keys() == left


def test_a_directory_in_its_place_again_is_restored_again(site: Folded) -> None:
    """A second deploy during the run: both failed versions are in the evidence, or back."""
    site.restore()
    (site.root / "plain").unlink()
    site.put("plain/second.py", "second")
    site.restore()
    assert site.differ() == {}
    undo.undo(requests.undo(site.location))

    assert (site.root / "plain/second.py").read_text() == "second"
    assert (site.state / "runs/r1/evidence/failed/plain/new.py").exists()
    assert not list(site.root.rglob(".rollback-*"))


def test_the_staged_tree_has_the_directories_of_the_previous_release(site: Folded) -> None:
    """One that is live is it, with what it holds; the others are made."""
    request = TrialRequest(site.location, "", 20.0, ())
    request, entries = trial.recorded(request)
    with staged_tree.staged(request._replace(added=ADDED), (), entries) as stage:
        there = Path(stage.root)
        assert stage.faults == {}
        assert (there / "plain").read_text() == "previous"
        assert (there / "lib/link").is_symlink()
        assert [(there / path).is_dir() for path in EMPTY] == [True] * len(EMPTY)
        assert (there / "spool/dressed/job").exists()
        assert not list((there / "spool/gone").iterdir())
