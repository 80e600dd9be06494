"""A real sshd on loopback for one session: own port, own keys, nothing of the machine's."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.ssh import SshLine

CONFIGURATION = """
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host
PidFile {home}/pid
AuthorizedKeysFile {home}/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 100
"""
CLIENT = """
Host 127.0.0.1
  UserKnownHostsFile {home}/known
  GlobalKnownHostsFile /dev/null
  IdentitiesOnly yes
  IdentityFile {home}/key
  IdentityAgent none
"""


def sshd_path() -> str:
    """Return where sshd is: it wants to be called by its full path."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    assert found, "install openssh-server, as .ci/run does"
    return found


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def new_key(path: Path) -> Path:
    """Make a key at a path and return that."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return path


def hang_up(connection: Connection) -> None:
    """Break the one connection to a host, as a network would."""
    assert isinstance(connection.line, SshLine)
    path = f"ControlPath={connection.line.folder}/c"
    command = ["ssh", "-o", path, "-O", "exit", "somewhere"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


class Sshd:
    """One daemon in its own directory. `url` is the connection to it."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()

    @property
    def url(self) -> str:
        """How it is reached with the right key and a known host key."""
        return self.reached(self.home / "config")

    def reached(self, config: Path) -> str:
        """How it is reached with another client configuration."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}?ssh_config={config}"

    def client(self, name: str, **paths: Path) -> Path:
        """Write a client configuration with other files: `known` or `key`."""
        text = CLIENT.format(home=self.home)
        for key, path in paths.items():
            text = text.replace(f"{self.home}/{key}", str(path))
        config = self.home / name
        config.write_text(text)
        return config

    def key(self, name: str) -> Path:
        """Make a key."""
        return new_key(self.home / name)

    def __enter__(self) -> Self:
        self.home.mkdir(exist_ok=True)
        key, host = self.key("key"), self.key("host")
        shutil.copy(key.with_suffix(".pub"), self.home / "authorized")
        public = host.with_suffix(".pub").read_text()
        (self.home / "known").write_text(f"[127.0.0.1]:{self.port} {public}")
        self.client("config")
        settings = CONFIGURATION.format(port=self.port, home=self.home)
        (self.home / "sshd_config").write_text(settings)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.start()
        return self

    def start(self) -> None:
        """Start the daemon, and wait until it listens."""
        command = [sshd_path(), "-D", "-e", "-f", str(self.home / "sshd_config")]
        with (self.home / "log").open("ab") as log:
            self.daemon = subprocess.Popen(command, stderr=log)
        for _ in range(3000):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError((self.home / "log").read_text())

    def stop(self) -> None:
        """End the daemon; sessions that are open go on."""
        self.daemon.terminate()
        self.daemon.wait(10)

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home)
