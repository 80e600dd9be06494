"""The package as somebody gets it: by wheel, sdist or checkout; each is built once."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
from pathlib import Path

from tests.architecture.scratch import copy_of
from tests.plugin.operator import HEEDING, REPOSITORY

WAYS = ("wheel", "sdist", "editable")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_{kind}(sys.argv[1])"


@functools.cache
def place() -> Path:
    """Return a folder for all that is built in this process."""
    return Path(tempfile.mkdtemp(prefix="installed-"))


def built(kind: str, source: Path) -> Path:
    """Build a wheel or an sdist of a source tree by its own pyproject.toml; return the file."""
    out = Path(tempfile.mkdtemp(dir=place()))
    command = [sys.executable, "-c", BUILD.format(kind=kind), str(out)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = out.iterdir()
    return found


@functools.cache
def source() -> Path:
    """Return a copy of what git knows, in which nothing was built yet."""
    folder = place() / "source"
    folder.mkdir()
    return copy_of(folder)


@functools.cache
def distribution(way: str) -> Path:
    """Return a wheel, built from the source or from its sdist."""
    if way == "wheel":
        return built("wheel", source())
    with tarfile.open(sdist()) as archive:
        archive.extractall(place() / "unpacked", filter="data")
    (unpacked,) = (place() / "unpacked").iterdir()
    return built("wheel", unpacked)


@functools.cache
def sdist() -> Path:
    """Return the sdist."""
    return built("sdist", source())


@functools.cache
def programs(way: str) -> Path:
    """Return the folder of programs of a fresh environment with the package.

    What it depends on is that of our own environment; the package itself is not. An editable
    install is the one in which these tests run.
    """
    if way == "editable":
        return Path(sys.executable).parent
    return environment(f"venv-{way}", distribution(way))


def environment(name: str, wheel: Path) -> Path:
    """Return the folder of programs of a new environment with a wheel and what ours has."""
    home = place() / name
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    done = pip(home, "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    assert done.returncode == 0, done.stderr
    return home / "bin"


def pip(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Install something into an environment."""
    to = ("--python", str(home / "bin/python"), "install", "-q", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", *to, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def called(way: str, home: Path, name: str, *words: str, **more: str) -> tuple[int, str]:
    """Call a program of an install in a folder; return its exit code and what it printed.

    `more` is its environment, beside what is set here.
    """
    code, printed = run_in(programs(way), home, name, *words, **more)
    assert way == "editable" or f"{REPOSITORY}/" not in printed, printed
    return code, printed


def run_in(found: Path, home: Path, name: str, *words: str, **more: str) -> tuple[int, str]:
    """Call a program of a folder of programs in a folder, as `called` does."""
    program = [str(found / "python"), "-m", "pytest"] if name == "pytest" else [str(found / name)]
    unset = ("PYTHONPATH", "PYTEST_ADDOPTS", "ROLLBACK_REPORTS")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    done = subprocess.run(
        [*HEEDING, *program, *words],
        cwd=home,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        env={**environment, "COLUMNS": "80", "PATH": f"{found}:{os.environ['PATH']}", **more},
    )
    return done.returncode, done.stdout + done.stderr
