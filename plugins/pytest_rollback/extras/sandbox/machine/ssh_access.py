"""The way into one machine over ssh: keys made for it alone, and a host key known beforehand."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pytest_rollback.errors import Unreachable

CLIENT = """\
Host 127.0.0.1 machine
  HostName 127.0.0.1
  Port {port}
  User root
  IdentityFile {home}/key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {home}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  LogLevel ERROR
"""


def grant(home: Path, port: int) -> Path:
    """Make the keys of a machine; return the folder that its sshd looks into.

    Beside it lie what a client needs: `key`, `known_hosts`, and `ssh_config` that names them.

    Raises:
        Unreachable: OpenSSH is not installed.
    """
    inside = home / "machine"
    inside.mkdir(mode=0o700)
    _key(inside / "host_key")
    _key(home / "key")
    (inside / "authorized_keys").write_bytes((home / "key.pub").read_bytes())
    kind, public = (inside / "host_key.pub").read_text(encoding="ascii").split()[:2]
    known = f"[127.0.0.1]:{port} {kind} {public}\n"
    (home / "known_hosts").write_text(known, encoding="ascii")
    (home / "ssh_config").write_text(CLIENT.format(home=home, port=port), encoding="utf-8")
    return inside


def _key(path: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "machine", "-f", str(path)]
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=30)
    except FileNotFoundError as error:
        raise Unreachable(
            "the machine sandbox needs OpenSSH, which is not installed",
            hint="apt-get install openssh-client",
        ) from error
