"""Commands that hints propose: root pastes them beside a service user who lies in wait."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_rollback.agent.messages.backup.git import by_hand
from pytest_rollback.agent.messages.backup.unchanged import OwnerUnchanged
from pytest_rollback.agent.messages.unit_files import OrphanUnitFile
from pytest_rollback.checks import orphans, unchanged
from pytest_rollback.manifest.release import About
from tests.unit.support.apart import NOBODY, ROOT_ONLY, reachable

pytestmark = ROOT_ONLY
SAID = "what root alone may read\n"


class Trap:
    """A root that the user `nobody` owns, with a repository of his, and a place that root owns."""

    def __init__(self, place: Path) -> None:
        reachable(place)
        self.root, self.private = place / "srv", place / "private"
        self.private.mkdir(mode=0o700)
        (self.root / "units").mkdir(parents=True)
        (self.root / "units/a.timer").write_text("[Timer]\n")
        self.as_root("git", "init", "-q", "-b", "main", str(self.root))
        self.as_root("git", "-C", str(self.root), "add", "-A")
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        self.as_root("git", "-C", str(self.root), *who, "commit", "-qm", "one")
        self.give()

    def give(self) -> None:
        """Give all of it to the service user."""
        for path in (self.root, *self.root.rglob("*")):
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)

    def as_root(self, *words: str) -> str:
        """Run a command; git reads no configuration of whoever runs the tests."""
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def at_a_terminal(self, command: str) -> str:
        """Return what a command prints that root types at a terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.execvp("sh", ["sh", "-c", command])  # noqa: S606 - it is to be a shell
        printed = b""
        while True:
            try:
                printed += os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
        os.waitpid(child, 0)
        os.close(terminal)
        return printed.decode()


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """A service user who lies in wait."""
    return Trap(tmp_path)


def test_git_by_hand_gives_his_programs_no_terminal(trap: Trap) -> None:
    """They could type into it, read it, or write its escape sequences."""
    program = trap.root / "monitor"
    program.write_text(
        "#!/bin/sh\n"
        f"exec 5>{trap.root}/said\n"
        "(exec 3<>/dev/tty) 2>/dev/null && echo terminal >&5\n"
        "for each in 0 1 2; do [ -t $each ] && echo $each >&5; done\n"
        "id -un >&5\nprintf '\\033[31mred' >&2\n"
    )
    program.chmod(0o755)
    settings = str(trap.root / ".git/config")
    trap.as_root("git", "config", "-f", settings, "core.fsmonitor", str(program))
    trap.give()
    printed = trap.at_a_terminal(by_hand(str(trap.root), "status --short"))

    assert (trap.root / "said").read_text() == "nobody\n"
    assert "a.timer" not in printed
    assert "\033" not in printed


def test_a_file_is_put_back_through_no_link(trap: Trap) -> None:
    """The missing file is a link of his by the time that root pastes the command."""
    owner = OwnerUnchanged(1, {"units/a.timer": "is not there"}, {}, {}, {}, {}, 0)
    hint = unchanged.way_out(owner, str(trap.root), "main", str(trap.root))
    command = hint.partition("as the root's owner: ")[2]
    place = trap.root / "units/a.timer"
    place.unlink()
    place.symlink_to(trap.private / "planted")
    trap.at_a_terminal(command)
    assert list(trap.private.iterdir()) == []

    place.unlink()
    trap.at_a_terminal(command)
    assert place.read_text() == "[Timer]\n"


def test_a_unit_file_is_installed_of_what_he_may_read(trap: Trap, tmp_path: Path) -> None:
    """The file of the release is a link to root's by the time that root pastes the command."""
    secret = trap.private / "secret"
    secret.write_text(SAID)
    services = SimpleNamespace(manager="x", source="units", directory=str(tmp_path), socket="")
    about = About(name="shop", root=str(trap.root), state="/nowhere")
    system = SimpleNamespace(services=services, about=about)
    gone = OrphanUnitFile("a.timer", "deleted")
    command = orphans.by_hand(gone, system).partition(" && supervisorctl")[0]  # type: ignore[arg-type]
    trap.at_a_terminal(command)
    assert (tmp_path / "a.timer").read_text() == "[Timer]\n"

    (trap.root / "units/a.timer").unlink()
    (trap.root / "units/a.timer").symlink_to(secret)
    trap.at_a_terminal(command)
    assert SAID not in (tmp_path / "a.timer").read_text()
