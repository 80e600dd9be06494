"""Which criteria suites ship, from their sources alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_rollback.run.completeness import Instance
from pytest_rollback.run.shipped import criteria, root_of, shipped, suites_of
from tests.plugin.operator import REPOSITORY
from tests.plugin.operator import criteria as listed

SOURCE = """
import pytest
from pytest_rollback import criterion
import pytest_rollback.criteria as c

@pytest.fixture
def faults(owner): ...

@criterion("readiness.a.plain")
def test_plain(system): ...

@c.criterion(identity="readiness.a.each", phase="files")
def test_each(system, *, component): ...

@criterion("readiness.a.owned")
async def test_owned(faults): ...

@criterion("validate.a.foreign")
def test_foreign(): ...

@other("readiness.a.other")
def test_other(): ...
"""
NAMES = ["web", "till"]


def all_of_it(_keys: object, _about: object) -> str:
    """Say that every criterion applies."""
    return ""


@pytest.fixture
def suites(tmp_path: Path) -> Path:
    """A folder of suites with one file of readiness, one of a part, and the practice."""
    root = tmp_path / "suites"
    for path, text in {
        "readiness/test_a.py": SOURCE,
        "readiness/test_part.py": '@criterion("readiness.part.is")\ndef test_it(): ...\n',
        "readiness/test_broken.py": "criterion = (",
        "drill/test_d.py": '@criterion("drill.a.b")\ndef test_it(): ...\n',
        "drill/troubleshooting/test_t.py": '@criterion("troubleshooting.a.b")\ndef test(): ...\n',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_each_component_and_owner_is_one(suites: Path) -> None:
    """By the parameters of the test, or of a fixture in its file; another suite's id is not."""
    part = suites / "readiness" / "test_part.py"

    assert shipped([suites], {"readiness"}, [part], NAMES, all_of_it) == [
        Instance("readiness.a.each", "web"),
        Instance("readiness.a.each", "till"),
        Instance("readiness.a.owned", "web"),
        Instance("readiness.a.owned", "till"),
        Instance("readiness.a.owned", "shared"),
        Instance("readiness.a.plain"),
    ]
    assert Instance("readiness.part.is") in shipped([suites], {"readiness"}, [], NAMES, all_of_it)


def test_what_a_system_has_nothing_for_is_not_shipped(suites: Path) -> None:
    """By the keys that the decorator names, for the components that lack them."""
    (suites / "readiness/test_a.py").write_text(
        '@criterion("readiness.a.each", needs=("component.imports", "edge"))\n'
        "def test_each(component): ...\n"
    )

    def lacks(keys: Sequence[str], about: str | None) -> str:
        return " or ".join(keys) if about == "till" else ""

    assert shipped([suites], {"readiness"}, [], NAMES, lacks) == [
        Instance("readiness.a.each", "web"),
        Instance("readiness.part.is"),
    ]


def test_a_suite_in_the_folder_of_another_is_its_own(suites: Path) -> None:
    """The drill does not ship the practice."""
    assert shipped([suites], {"drill"}, [], NAMES, all_of_it) == [Instance("drill.a.b")]
    assert shipped([suites], {"troubleshooting"}, [], NAMES, all_of_it) == [
        Instance("troubleshooting.a.b")
    ]


def test_a_changed_file_is_read_again(suites: Path) -> None:
    """What was read is kept for as long as the file is the same."""
    path = suites / "drill" / "test_d.py"
    assert len(criteria(path)) == 1
    path.write_text("x = 1\n")
    assert criteria(path) == ()
    assert criteria(suites / "no-such.py") == ()


def test_paths_name_suites() -> None:
    """The innermost folder counts; `suites` alone is all of them but the practice."""
    named = {
        path: list(suites_of(Path(path))) for path in ("/r/suites/drill/troubleshooting/t.py",)
    }
    assert list(named.values()) == [["troubleshooting"]]
    assert list(suites_of(Path("/r/suites/readiness"))) == ["readiness"]
    assert "troubleshooting" not in list(suites_of(Path("/r/suites")))
    assert list(suites_of(Path("/r/tests"))) == []
    assert root_of(Path("/suites/clone/suites/drill")) == Path("/suites/clone/suites")
    assert root_of(Path("/r/tests")) is None


@pytest.mark.parametrize("suite", ["triage", "readiness", "drill", "validate", "monitor"])
def test_ours_are_found(suite: str) -> None:
    """Every criterion that our suites have."""
    found = {
        each.identity for each in shipped([REPOSITORY / "suites"], {suite}, [], NAMES, all_of_it)
    }

    assert found == listed(suite)
