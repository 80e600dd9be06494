"""A host that Ansible reaches: what is refused, and what no setting of Ansible changes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.probes.sample import ASK, ProbeRequest, ProbeSpec
from pytest_rollback.errors import RollbackError, Unreachable, UsageError
from pytest_rollback.transport.ansible.ansible_line import AnsibleLine
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.contract.conftest import system, tool
from tests.contract.machine import OPS, Bare
from tests.contract.test_connection import PROBE, status

PASSWORD = "open-sesame-7141"  # noqa: S105 - of a throw-away machine
VAULT_KEY = "vault-key-of-a-test"
WHO = ProbeRequest(ProbeSpec(command=("test", "-w", "/root")))

SETTINGS = """
[defaults]
stdout_callback = json
callbacks_enabled = ansible.posix.profile_tasks, timer
log_path = {place}/ansible.log
force_handlers = true
task_timeout = 1
retry_files_enabled = true
[diff]
always = true
"""
"""What people set, and what would stand in the way: other words, and a time limit of a second."""

CUT = """echo x >> {log}
p=$$
while [ "$p" -gt 1 ]; do
  case $(tr '\\0' ' ' < /proc/$p/cmdline) in sshd:*) kill -9 "$p"; exit ;; esac
  p=$(cut -d ' ' -f 4 < /proc/$p/stat)
done
"""
"""In the place of Python: it is noted, and breaks the line over which it was started."""

DEAF = """
from ansible.plugins.connection.local import Connection as LocalConnection
DOCUMENTATION = "name: deaf\\nshort_description: d\\ndescription: [d]\\noptions: {}\\n"
class Connection(LocalConnection):
    has_pipelining = False
"""


@pytest.fixture
def here_by(inventory: Path) -> Iterator[Connection]:
    """This machine, over ssh, by Ansible."""
    connection = Connection(system(url(inventory)))
    yield connection
    connection.close()


def url(inventory: Path, name: str = "here") -> str:
    """Return how a host of an inventory is reached."""
    return f"ansible://{name}?ansible_inventory={inventory}"


def refusal(connection: Connection, call: Call = Call(ASK, PROBE, 20.0)) -> RollbackError:  # type: ignore[type-arg]  # noqa: B008 - as a default
    """Return the error with which a question ends."""
    with pytest.raises(RollbackError) as caught:
        connection.ask(call)
    connection.close()
    return caught.value


def seen(name: str) -> Iterator[bytes]:
    """Yield what a file of each process here says."""
    for each in Path("/proc").glob(f"[0-9]*/{name}"):
        with contextlib.suppress(OSError):
            yield each.read_bytes()


def at_work(folder: Path) -> list[str]:
    """Return the processes that have something to do with a line, by its folder."""
    return [each.decode("utf-8", "replace") for each in seen("cmdline") if bytes(folder) in each]


def test_one_ansible_carries_everything_and_leaves_nothing(here_by: Connection) -> None:
    """However much is asked, it starts once; bytes are those that were said."""
    assert status(here_by) == status(here_by) == [1]
    line = here_by.line
    assert isinstance(line, AnsibleLine)
    first = line.open()
    odd = here_by.host.run("printf '\\377\\000\\r\\n'; printf e >&2; exit 3")
    assert (odd.rc, odd.stdout_bytes, odd.stderr_bytes) == (3, b"\xff\0\r\n", b"e")
    assert here_by.host.file("/etc/passwd").is_file
    assert line.open() is first
    assert at_work(line.folder)
    here_by.close()

    assert (at_work(line.folder), line.folder.exists()) == ([], False)


def test_a_host_that_does_not_answer_is_told_as_that(inventory: Path) -> None:
    """With the words of ssh, and the command to try it by hand."""
    error = refusal(Connection(system(url(inventory, "gone"))))

    assert isinstance(error, Unreachable)
    assert "ansible://gone does not answer: " in error.message
    assert "Connection refused" in error.message
    assert f"ansible gone -i {inventory} -m raw -a id" in error.hint


def test_a_host_that_never_speaks_is_given_up(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible alone would wait for ever where a jump host says nothing."""
    monkeypatch.setattr("pytest_rollback.transport.ansible.ansible_line.REACHED", 2.0)
    connection = Connection(system(url(inventory, "mute")))

    assert "ansible://mute does not answer: silent for 2 s" in refusal(connection).message


@pytest.mark.parametrize("name", ["nobody", "group"])
def test_who_is_no_host_is_not_asked(inventory: Path, name: str) -> None:
    """A name that the inventory does not have, and one of several hosts."""
    error = refusal(Connection(system(url(inventory, name))))

    assert f"ansible://{name} is no host of the inventory" in error.message
    assert f"ansible-inventory -i {inventory} --graph" in error.hint


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("ansible://web*", "expected the name of one host"),
        ("ansible://here?ssh_config=/x", "ssh_config in [target] connection: not used"),
    ],
)
def test_what_ansible_would_read_otherwise_is_refused(where: str, said: str) -> None:
    """A pattern, and an option of ssh."""
    with pytest.raises(UsageError) as refused:
        AnsibleLine(where, where)
    assert said in refused.value.message


def test_without_ansible_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the controller that lacks it."""
    monkeypatch.setattr("pytest_rollback.transport.ansible.ansible_line.program", lambda _: None)
    error = refusal(Connection(system("ansible://here")))

    assert "Ansible is not installed here" in error.message
    assert "pip install 'pytest-rollback[fleet]'" in error.hint


def test_what_cannot_be_read_is_told_in_its_words(tmp_path: Path, inventory: Path) -> None:
    """An inventory that is none, and a connection that hands nothing over."""
    broken = tmp_path / "broken.yml"
    broken.write_text("web: [")
    assert "cannot be worked on: " in refusal(Connection(system(url(broken)))).message

    plugins = inventory.parent / "plugins"
    plugins.mkdir()
    (plugins / "deaf.py").write_text(DEAF)
    text = inventory.read_text().replace("ansible_connection: local", "ansible_connection: deaf")
    (inventory.parent / "deaf.yml").write_text(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ANSIBLE_CONNECTION_PLUGINS", str(plugins))
        error = refusal(Connection(system(url(inventory.parent / "deaf.yml", "behind"))))
    assert "takes no standard input" in error.message


def test_settings_of_the_user_change_nothing(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other callbacks and a time limit for tasks: the answers are the same, and the log is kept."""
    settings = tmp_path / "ansible.cfg"
    settings.write_text(SETTINGS.format(place=tmp_path))
    monkeypatch.setenv("ANSIBLE_CONFIG", str(settings))
    connection = Connection(system(url(inventory)))
    assert status(connection) == [1]
    slow = ProbeRequest(ProbeSpec(command=("sleep", "2"), timeout=10.0))
    assert status(connection, slow) == [1]
    connection.close()

    assert (tmp_path / "ansible.log").exists()


def test_who_breaks_off_is_not_asked_again(here_by: Connection, tools: Path) -> None:
    """Whatever `ansible_ssh_retries` says: a question may have changed the host."""
    log = tools / "cut.log"
    cut = tool(tools, "cut-line", CUT.format(log=log))
    target = here_by.system.target.model_copy(update={"python": str(cut)})
    error = refusal(Connection(here_by.system.model_copy(update={"target": target})))

    assert "is lost" in error.message
    assert log.read_text() == "x\n"


def test_what_takes_too_long_is_ended_with_all_that_was_started(
    inventory: Path, tools: Path
) -> None:
    """The host does not end it: Ansible, its workers and its ssh are gone, and no file is left."""
    slow = tool(tools, "asleep", "trap '' TERM; while :; do sleep 1; done")
    limit = tool(tools, "timeout", 'shift 3; exec "$@"')
    connection = Connection(system(url(inventory), python=str(slow)))
    assert limit.exists()
    begin = time.monotonic()
    status_of = Call(ASK, PROBE, 1.0)
    connection.host.run("true")
    line = connection.line
    assert isinstance(line, AnsibleLine)
    with pytest.raises(Unreachable, match=r"silent for 6 s|did not finish within 1 s"):
        connection.ask(status_of)

    assert time.monotonic() - begin < 60
    assert at_work(line.folder) == []
    connection.close()
    assert not line.folder.exists()


@pytest.fixture
def vaulted(bare: Bare, tmp_path: Path) -> Iterator[Path]:
    """An inventory with a whole host, whose sudo asks for a password that is in a vault."""
    run = bare.container.run
    run("chpasswd", data=f"{OPS}:{PASSWORD}\n".encode())
    run(
        *("install", "-m", "0440", "/dev/stdin", f"/etc/sudoers.d/{OPS}"),
        data=f"{OPS} ALL=(ALL) ALL\n".encode(),
    )
    key = tmp_path / "vault-key"
    key.write_text(VAULT_KEY)
    command = ["ansible-vault", "encrypt_string", "--vault-password-file", str(key), PASSWORD]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    secret = said[said.index("!vault") :].rstrip()
    path = tmp_path / "hosts.yml"
    path.write_text(
        "all:\n  hosts:\n    shop:\n      ansible_host: 127.0.0.1\n"
        f"      ansible_port: {bare.port}\n      ansible_user: {OPS}\n"
        f"      ansible_ssh_common_args: -F {bare.home}/ssh_config\n"
        f"      ansible_become: true\n      ansible_become_password: {secret}\n"
    )
    yield path
    run("rm", "-f", f"/etc/sudoers.d/{OPS}")


def test_a_password_of_the_inventory_makes_root_and_is_nowhere_else(
    vaulted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the vault to sudo: on no command line of either machine, and in no log."""
    log = tmp_path / "log"
    monkeypatch.setenv("ANSIBLE_LOG_PATH", str(log))
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "4")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "vault-key"))
    connection = Connection(system(url(vaulted, "shop"), python="/usr/bin/python3"))
    assert connection.ask(Call(ASK, WHO, 20.0)).answered == 1
    there = connection.host.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ").stdout_bytes
    here = [*seen("cmdline"), *seen("environ")]
    assert isinstance(connection.line, AnsibleLine)
    said = (connection.line.folder / "said").read_bytes()
    connection.close()

    assert log.read_bytes()
    for each in (there, *here, said, log.read_bytes()):
        assert PASSWORD.encode() not in each

    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", os.devnull)
    wrong = refusal(Connection(system(url(vaulted, "shop"), python="/usr/bin/python3")))
    assert "cannot be worked on: " in wrong.message
    assert PASSWORD not in str(wrong)
