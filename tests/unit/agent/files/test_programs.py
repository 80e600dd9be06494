"""What a command runs as code: also through an interpreter line, and what scripts of it name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.files import ownership, programs
from tests.unit.support.apart import ROOT_ONLY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = ROOT_ONLY
PLACES = "/usr/bin:/bin"


def runner(*argv: str) -> str:
    """Return whose account runs a command; "" for root."""
    return ownership.runner(programs.of_command(argv, PLACES))


def script(his: Path, name: str, text: str) -> str:
    """Return a script of root's beside his directory."""
    path = his.parent / name
    path.write_text(text.format(his))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("entry", "#!{}/python\nprint(1)\n"),
        ("entry", "#! /usr/bin/env -S {}/python -x\n"),
        ("wrapper", "#!/bin/sh\nexec {}/python -m check\n"),
        ("wrapper", "#!/bin/sh\ncd {} && ./python\n"),
        ("import.py", "import sys\nsys.path.insert(0, '{}')\nimport check\n"),
        ("data", "#!/bin/sh\n. {}/python\n"),
    ],
)
def test_a_script_of_roots_that_runs_code_of_his_is_run_as_him(
    his: Path, name: str, text: str
) -> None:
    """As the command, as a word of an interpreter's, and from within another script."""
    place = script(his, name, text)
    outer = script(his, "outer", f"#!/bin/sh\nexec {place}\n")

    assert [runner(*words) for words in ((place,), ("sh", place), (outer,))] == ["nobody"] * 3


@pytest.mark.parametrize(
    "words",
    [
        ("sh", "-c", "true >/dev/null 2>&1 </dev/zero"),
        ("test", "-d", "/tmp"),  # noqa: S108 - everybody's, as it is on each host
        ("cat", "/proc/loadavg"),
        ("sudo", "-u", "x", "/etc"),
        ("{}", "--help"),
    ],
)
def test_what_is_no_code_keeps_nothing_from_root(his: Path, words: tuple[str, ...]) -> None:
    """Devices, directories of everybody, and data that a script of root's reads."""
    reads = script(his, "reads", "#!/bin/sh\nwc -l {}/numbers.csv >/dev/null; ls /tmp\n")

    assert runner(*(each.format(reads) for each in words)) == ""


def test_scripts_that_name_each_other_have_an_end(his: Path) -> None:
    """Two of them, and one that names a thousand."""
    one = script(his, "one", f"#!/bin/sh\n{his.parent}/two\n")
    script(his, "two", f"#!/bin/sh\n{one}\n")
    for number in range(200):
        script(his, f"n{number}.sh", "#!/bin/sh\n")
    many = script(his, "many", "".join(f"{his.parent}/n{n}.sh\n" for n in range(200)))

    assert runner(one) == ""
    assert len(list(programs.of_command(("sh", many), PLACES))) <= programs.MOST
