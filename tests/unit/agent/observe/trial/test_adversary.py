"""Whoever can write the tree attacks the trial: nothing of his is written, or run, as root."""

from __future__ import annotations

import hashlib
import os
import pwd
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.files.metadata import FileEntry
from pytest_rollback.agent.observe.trial import trial
from pytest_rollback.agent.observe.trial.staged_tree import staged
from tests.unit.support.trees import APP

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.unit.support.trees import Tree

SYSTEM_PYTHON = "/usr/bin/python3"
HIS = "nobody"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another account to be")


def given(*paths: Path) -> None:
    """Give files and directories to the service's account."""
    for path in paths:
        os.chown(path, pwd.getpwnam(HIS).pw_uid, -1, follow_symlinks=False)


def entry(path: str, content: bytes, uid: int = 0) -> FileEntry:
    """Return what the record says of a file."""
    digest = hashlib.sha256(content).hexdigest()
    return FileEntry(path, digest, len(content), 0o644, uid, uid, 0, {})


@as_root
def test_a_directory_of_the_stage_is_not_his_while_it_is_written(
    open_tree: Tree, open_place: Path
) -> None:
    """He cannot swap a directory of the stage for a link before a copy is written into it."""
    target = open_place / "etc"
    target.mkdir()
    file = open_tree.write("conf/evil.conf", "his content")
    given(open_tree.root, file.parent, file)
    found = entry("conf/evil.conf", b"his content")
    request = open_tree.request(user=HIS, files=("conf/evil.conf",))
    place: list[str] = []

    def attack(lacking: Sequence[FileEntry]) -> Iterator[tuple[FileEntry, bytes | None]]:
        swap = f"cd {place[0]}/root && mv conf away && ln -s {target} conf"
        subprocess.run(["setpriv", "--reuid", HIS, "sh", "-c", swap], check=False)
        yield lacking[0], b"his content"

    def tell(directories: list[str]) -> Iterator[str]:
        place.extend(directories)
        yield "."

    above = open_place / "tmp"
    above.mkdir(mode=0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(above))
        patch.setattr("tempfile.mkdtemp", lambda prefix: _made(above / prefix, place))
        with staged(request, tell([]), {found.path: found}, attack) as stage:
            written = Path(f"{stage.root}/conf/evil.conf").read_text()

    assert written == "his content"
    assert list(target.iterdir()) == []


def _made(path: Path, place: list[str]) -> str:
    path.mkdir(mode=0o700)
    place.append(str(path))
    return str(path)


@as_root
def test_a_backup_that_he_changed_is_not_staged(open_tree: Tree) -> None:
    """A copy is compared with the record as it is made; other content gets no recorded owner."""
    open_tree.changed("conf/app.sh", "live", "his")
    found = entry("conf/app.sh", b"as")
    with staged(open_tree.request(), ["."], {found.path: found}) as stage:
        there = os.path.lexists(f"{stage.root}/conf/app.sh")

    assert not there
    assert stage.faults == {"conf/app.sh": "its backup has other content than recorded"}


@as_root
@pytest.mark.parametrize("what", ["root", "app.py", "data", "."])
def test_code_of_others_is_not_run_as_root(open_tree: Tree, open_place: Path, what: str) -> None:
    """Without an account to be, a tree that somebody else can change is not imported."""
    proof = open_place / "proof"
    open_tree.write("app.py", f"open({str(proof)!r}, 'w')")
    open_tree.write("data/keep", "")
    given(
        open_place if what == "." else open_tree.root if what == "root" else open_tree.root / what
    )
    found = open_tree.imports("app", live=True, interpreter=SYSTEM_PYTHON)

    assert not proof.exists()
    assert "it would run as root" in str(found)
    assert "can be changed by nobody" in str(found)
    assert "set User= in its unit, or [system] user" in str(found)


@as_root
def test_a_program_of_others_is_not_run_as_root(open_tree: Tree, open_place: Path) -> None:
    """An interpreter that somebody else can change runs nothing as root, and compiles nothing."""
    proof, python = open_place / "proof", open_place / "python"
    python.write_text(f"#!/bin/sh\ntouch {proof}\n")
    python.chmod(0o755)
    given(python)
    open_tree.changed("app.py", "", "x = 1")
    found = open_tree.try_(interpreter=str(python), imports=("app",))

    assert not proof.exists()
    assert "can be changed by nobody" in str(found.components["app"].imports["app"])
    assert found.compiles == {}


@as_root
def test_a_tree_of_root_alone_is_tried_as_root(open_tree: Tree) -> None:
    """A unit of root's own tree is tried as root."""
    open_tree.write("app.py", "x = 1")

    assert open_tree.imports("app", live=True, interpreter=SYSTEM_PYTHON) is None


@pytest.mark.parametrize("said", ["{" + '"a":[' * 90_000, '{"problem": 1}', '{"other": null}', "{"])
def test_what_his_code_writes_as_an_answer_is_told(tree: Tree, said: str) -> None:
    """Answers that his code makes up in no shape of an answer are blamed on it."""
    code = f"import os\nfor n in range(3, 20):\n  try: os.write(n, {said!r}.encode() + b'\\n')\n"
    tree.write("app.py", code + "  except OSError: pass\n")

    found = trial.look(tree.request(APP._replace(imports=("app",)), live=True, files=()))
    assert "writes where the answers are written" in str(found.components["app"].imports["app"])


@as_root
def test_settings_of_root_do_not_get_into_his_process(open_tree: Tree, open_place: Path) -> None:
    """An environment file of his that leads to a file of root's alone is not read."""
    secret = open_place / "secret"
    secret.write_text("TOKEN=planted")
    secret.chmod(0o600)
    (open_tree.root / ".env").symlink_to(secret)
    given(open_tree.root, open_tree.root / ".env")
    open_tree.write("app.py", "import os; assert 'TOKEN' not in os.environ, os.environ['TOKEN']")
    found = open_tree.imports(
        "app", live=True, user=HIS, interpreter=SYSTEM_PYTHON, environment_files=(".env",)
    )

    assert "leads to what nobody may not read" in str(found)
    assert "planted" not in str(found)


@as_root
def test_a_fifo_for_a_script_is_not_waited_for(open_tree: Tree) -> None:
    """What a unit names as its script may be a fifo when it is looked at."""
    os.mkfifo(open_tree.root / "run")

    assert not trial.is_script(str(open_tree.root / "run"))
