"""From the index, as docs/package.md says: a fresh environment, an empty folder, readiness.

The quick form, with what our own environment has installed, is tests/plugin/test_installed.py.
"""

from __future__ import annotations

import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.installed import distribution, pip, run_in
from tests.plugin.operator import last_record

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def programs() -> Iterator[Path]:
    """The programs of an environment in which nothing is ours but the wheel."""
    with tempfile.TemporaryDirectory(prefix="fresh-") as folder:
        home = Path(folder)
        venv.create(home, with_pip=False, symlinks=True)
        done = pip(home, f"{distribution('wheel')}[sandbox]")
        if done.returncode:
            pytest.skip(f"not run: pip cannot install what the package needs: {done.stderr[-300:]}")
        yield home / "bin"


def test_nothing_is_missing(programs: Path, tmp_path: Path) -> None:
    """What the wheel declares is all that its modules import."""
    every = "import pkgutil, pytest_rollback as p; [__import__(m.name) for m in "
    every += "pkgutil.walk_packages(p.__path__, 'pytest_rollback.') if '.suites' not in m.name "
    every += "and '.village' not in m.name]"
    code, said = run_in(programs, tmp_path, "python", "-c", every)

    assert code == 0, said


def test_readiness_on_the_sandbox(programs: Path, tmp_path: Path) -> None:
    """Sockets have short paths, and the database runs as somebody else."""
    with tempfile.TemporaryDirectory(prefix="r-") as short:
        Path(short).chmod(0o1777)
        words = ("suites/readiness", "--rollback-target=sandbox")
        code, said = run_in(programs, tmp_path, "pytest", *words, TMPDIR=short)

    assert (code, "READY" in said) == (0, True), said
    assert last_record(tmp_path / "reports")["verdict"] == "READY"
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [
        "reports"
    ]


def test_a_guest_is_not_changed_by_the_core_alone(programs: Path, tmp_path: Path) -> None:
    """A test of somebody else passes, and says nothing of us but the name of the plugin."""
    (tmp_path / "test_a.py").write_text("def test_a(): ...\n")
    code, said = run_in(programs, tmp_path, "pytest")

    assert (code, "1 passed" in said, "target" in said) == (0, True, False), said
