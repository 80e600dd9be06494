"""What `rollback init` refuses, each with a hint that can be pasted; and what it never does."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pytest_rollback.cli.init import command, host
from pytest_rollback.errors import Refused, Unreachable, UsageError
from pytest_rollback.transport import diagnosis
from tests.unit.cli.init.hosts import survey, unit


def asked(*words: str) -> argparse.Namespace:
    """Return what is typed."""
    return command.parser("rollback init").parse_args(words)


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    """No host is asked, and the hint names what else there is."""
    path = tmp_path / "rollback.toml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="is not overwritten") as caught:
        command.main([f"--output={path}", "--connection=ssh://nobody@127.0.0.1:1"], "rollback init")

    assert "rollback init --check" in caught.value.hint
    assert path.read_text() == "mine"


def test_one_that_was_made_meanwhile_is_kept(tmp_path: Path) -> None:
    """And nothing else is left in its folder."""
    path = tmp_path / "rollback.toml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="made meanwhile"):
        command.write(path, "text")

    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_written_for_everybody_to_read(tmp_path: Path) -> None:
    """It holds no secret."""
    command.write(tmp_path / "rollback.toml", "text\n")

    assert (tmp_path / "rollback.toml").read_text() == "text\n"
    assert (tmp_path / "rollback.toml").stat().st_mode & 0o777 == 0o644


def test_without_a_unit_nothing_is_written(tmp_path: Path) -> None:
    """This host is really asked."""
    path = tmp_path / "rollback.toml"
    with pytest.raises(Refused, match="no unit of no-such-unit-here") as caught:
        command.main([f"--output={path}", "--unit=no-such-unit-here"], "rollback init")

    assert "--unit UNIT" in caught.value.hint
    assert not path.exists()


def test_of_several_systems_one_has_to_be_chosen() -> None:
    """Each is listed with the whole command that chooses it; options that were given are kept."""
    found = survey(unit("mail", "/opt/mail"), unit("shop-web", "/srv/the shop"))
    with pytest.raises(Refused, match="has 2 systems") as caught:
        command.chosen(found, asked("--connection=ssh://shop"), "rollback init")

    assert caught.value.findings == (
        "rollback init --root /opt/mail --connection ssh://shop  # mail",
        "rollback init --root '/srv/the shop' --connection ssh://shop  # shop-web",
    )
    assert caught.value.hint == "rollback init --root /opt/mail --connection ssh://shop"


def test_a_named_unit_means_all_of_its_system() -> None:
    """Nothing of it is left out in silence: a part that another manager has is said."""
    web, worker = unit("kiosk", "/srv/kiosk"), unit("kiosk-worker", "/srv/kiosk")
    other = unit("kiosk", "/srv/kiosk")._replace(manager="supervisord", socket="/run/s.sock")
    found = survey(unit("mail", "/opt/mail"), web, worker, other)
    candidate = command.chosen(found, asked("--unit=kiosk-worker"), "rollback init")

    assert candidate.units == (web, worker)
    assert candidate.others == (other,)
    assert command.chosen(found, asked("--unit=mail"), "rollback init").root == "/opt/mail"


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("ssh://nobody@no-such-host.invalid", "cannot be resolved", "correct --connection, see: "),
        ("ssh://nobody@127.0.0.1:1", "does not answer", "ssh -p 1 nobody@127.0.0.1 true"),
    ],
)
def test_a_host_that_cannot_be_reached(tmp_path: Path, url: str, message: str, hint: str) -> None:
    """Hints name what was typed, and no key of a file that is not there yet."""
    path = tmp_path / "rollback.toml"
    with pytest.raises(Unreachable, match=message) as caught:
        command.main([f"--output={path}", f"--connection={url}"], "rollback init")

    assert (hint in caught.value.hint, "[target]" in caught.value.hint) == (True, False)
    assert not path.exists()


def test_no_hint_of_a_connection_is_about_a_file() -> None:
    """Every hint that a connection has, as it reads where there is no rollback.toml."""
    for each in (*diagnosis.SSH, *diagnosis.HOST):
        said = host.typed(each.hint)
        assert "[target]" not in said, said
        assert "rollback.toml" not in said, said
