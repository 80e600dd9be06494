"""The tests of other people's projects: pytest-rollback is installed, and changes nothing.

Their sdists come from the index, with what their tests need: part of `make guests`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.guests.played import keep
from tests.plugin.installed import distribution, environment, pip, run_in

PROJECTS = {
    "attrs": ("hypothesis", "cloudpickle"),
    "click": (),
    "idna": (),
    "iniconfig": (),
    "itsdangerous": ("freezegun",),
    "markupsafe": (),
    "more-itertools": (),
    "packaging": ("pretend", "hypothesis", "tomli_w"),
    "pluggy": (),
    "tomli_w": (),
}
"""Each with what its tests need beside it."""

PART = {
    "attrs": ("tests/test_converters.py", "tests/test_config.py", "tests/test_validators.py"),
    "click": ("tests/test_basic.py", "tests/test_types.py", "tests/test_options.py"),
    "more-itertools": ("tests/test_recipes.py",),
    "packaging": ("tests/test_requirements.py", "tests/test_markers.py"),
}
"""Of those with many thousand tests, or slow ones, these files."""

SECONDS = re.compile(r"(in )?\d+\.\d+s( \(\d+:\d+:\d+\))?|={3,}")  # the line is filled up
PLUGINS = re.compile(r"^plugins: .*$", re.MULTILINE)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def programs() -> Path:
    """An environment with our wheel and with all that their tests need."""
    found = environment("venv-projects", distribution("wheel"))
    needed = sorted({each for beside in PROJECTS.values() for each in beside})
    done = pip(found.parent, *needed)
    if done.returncode:
        pytest.skip(f"not run: pip cannot install what the tests need: {done.stderr[-300:]}")
    return found


def fetched(name: str, to: Path) -> Path:
    """Return the source tree of a project, as its sdist on the index has it."""
    words = ("download", "-q", "--no-deps", f"--no-binary={name}", name)
    command = [sys.executable, "-m", "pip", *words, "-d", str(to)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = list(to.glob("*.tar.gz"))
    if not found:
        pytest.skip(f"not run: pip finds no sdist of {name}: {done.stderr[-300:]}")
    with tarfile.open(found[0]) as archive:
        archive.extractall(to, filter="data")
    return next(path for path in to.iterdir() if path.is_dir())


def session(programs: Path, home: Path, *words: str) -> tuple[int, str]:
    """Run the tests of a project; return the exit code, and what is printed but for the times."""
    options = ("-p", "no:randomly", "-p", "no:cacheprovider", *words)
    code, said = run_in(programs, home, "pytest", *options, PYTHONPATH="src:.")
    return code, PLUGINS.sub("", SECONDS.sub("", said))


@pytest.mark.parametrize("name", PROJECTS)
def test_the_tests_of_a_project_run_as_before(programs: Path, tmp_path: Path, name: str) -> None:
    """The same exit code, the same counts and the same lines."""
    home = fetched(name, tmp_path)
    files = PART.get(name, ())
    session(programs, home, "--collect-only", *files)  # what is compiled or stored once
    without = session(programs, home, "-p", "no:rollback", *files)
    with_ = session(programs, home, *files)
    ends = [said.strip().splitlines()[-1].strip("= ") for _, said in (without, with_)]
    changed = "nothing" if without == with_ else "something"
    keep(
        "projects",
        " ".join((name, *files)),
        "wheel",
        {"code": with_[0], "without": ends[0], "with": ends[1], "changed": changed},
    )

    assert with_ == without
    assert re.search(r"\d+ passed", with_[1]), with_[1]
