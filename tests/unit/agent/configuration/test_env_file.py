"""Environment files: as systemd reads them, and as shells and dotenv do."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.configuration import env_file

SECRET = "hunter2hunter2"  # noqa: S105 - it must not be seen again


@pytest.mark.parametrize(
    ("text", "systemd", "shell"),
    [
        ("A=1 \\\n 2\nB=3\n", "1  2", "1 2"),
        ("A=\"x y\"'z'\n", "x yz", "x yz"),
        ('A="x y"/bin\n', "x y/bin", "x y/bin"),
        ("A=first\u2028second\n", "first\u2028second", "first\u2028second"),
        ("A=first\x0csecond\n", "first\x0csecond", "first\x0csecond"),
        ("A=b # c\n", "b # c", "b"),
        ("A='b' # c\n", "b# c", "b"),
        ("; A=0\nA=1\n", "1", "1"),
        ("A='x\ny'\n", "x\ny", "x\ny"),
        ('A="a\\"b"\n', 'a"b', 'a"b'),
        ("A = 1\n", "1", "1"),
        ("A=x\\ty\n", "xty", "x\\ty"),
        ("A=1\r\n", "1", "1"),
        ("export A=1\n", None, "1"),
        ("A-B=1\n", None, None),
    ],
)
def test_an_environment_file_has_two_readers(
    text: str, systemd: str | None, shell: str | None
) -> None:
    """As systemd reads it, and as a shell or dotenv does."""
    assert {one.key: one.value for one in env_file.systemd(text)}.get("A") == systemd
    assert {one.key: one.value for one in env_file.entries(text)}.get("A") == shell


def test_what_systemd_ignores_is_told_and_not_set() -> None:
    """A line with export, or without "=": a warning with its line, and no value."""
    found = env_file.systemd(f"export A={SECRET}\n{SECRET}\nB=1\nC='{SECRET}\n")

    assert [(one.line, one.key, one.warning or one.problem) for one in found] == [
        (1, "", "begins with export: it is ignored"),
        (2, "", "is not KEY=VALUE: it is ignored"),
        (3, "B", ""),
        (4, "", "C: quotes are not closed"),
    ]
