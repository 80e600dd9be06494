"""What a host says that cannot be used, what that means, and the way out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pytest_rollback.errors import Unreachable
from pytest_rollback.transport.payload import OLD


class Trouble(NamedTuple):
    """A pattern of what is said, and the error it stands for; both texts take words in braces."""

    pattern: str
    message: str
    hint: str


SSH = (
    Trouble(
        r"HOST IDENTIFICATION HAS CHANGED",
        "the host key of {where} has changed",
        "if the host was rebuilt, compare the fingerprints, then: ssh-keygen -R {host}",
    ),
    Trouble(
        r"Host key verification failed|host key is known",
        "the host key of {where} is unknown",
        "connect once by hand and compare the fingerprint that it shows: {ssh}",
    ),
    Trouble(
        r"Permission denied|Too many authentication failures",
        "{where} does not accept the ssh key; passwords are not supported",
        "add the key to authorized_keys on the host, or set another key at the end of "
        "connection: ?ssh_identity_file=PATH",
    ),
    Trouble(
        r"Could not resolve hostname",
        "the host name of {where} cannot be resolved",
        "correct [target] connection in rollback.toml",
    ),
    Trouble(
        r"Connection refused|timed out|No route to host|unreachable|Connection (closed|reset)|"
        r"Broken pipe|not responding",
        "{where} does not answer",
        "check that the host is up and sshd runs: {ssh} true",
    ),
)
"""What ssh says. The first that fits is meant."""

HOST = (
    Trouble(
        r"container state improper|[Cc]ontainer \S+ is not running",
        "{where} is not running",
        "see podman ps --all; start it, and run the same command again",
    ),
    Trouble(
        r"no container with name or ID|No such container",
        "there is no {where}",
        "correct [target] connection in rollback.toml; podman ps --all lists the containers",
    ),
    Trouble(
        r"sudo: .*(password|terminal|tty)",
        "sudo asks for a password on {where}",
        "allow sudo without password (visudo: NOPASSWD), or connect as root without [target] sudo",
    ),
    Trouble(
        r"(not in the sudoers file|may not run sudo|is not allowed to execute)",
        "sudo is not allowed on {where}",
        "allow sudo (visudo: NOPASSWD), or connect as root without [target] sudo",
    ),
    Trouble(
        r"sudo: (command )?not found|(?<!{python}: )sudo: No such file",
        "sudo is not installed on {where}",
        "install sudo there, or connect as root without [target] sudo",
    ),
    Trouble(
        rf"{OLD} (?P<found>\S+)",
        "{python} on {where} is too old: {found}",
        "install Python 3.8 or later there, and set it in [target] python",
    ),
    Trouble(
        r"Unknown option: -I",
        "{python} on {where} is too old",
        "install Python 3.8 or later there, and set it in [target] python",
    ),
    Trouble(
        r"timeout: (command )?not found|unrecognized option.*-k",
        "the command timeout is missing on {where}",
        "install coreutils there",
    ),
    Trouble(
        r"No such file or directory|not found",
        "{python} was not found on {where}",
        "install Python 3.8 or later there, or set it in [target] python",
    ),
    Trouble(
        r"No space left on device",
        "no space for the request on {where}",
        "free space in the temporary directory there: df -h /dev/shm /tmp",
    ),
)
"""What is said instead of an answer, once the host was reached."""


def meant(troubles: Iterable[Trouble], said: str, **words: str) -> Unreachable | None:
    """Return the error that matches the output, or None if it is unknown."""
    for each in troubles:
        found = re.search(each.pattern.replace("{python}", re.escape(words["python"])), said)
        if found:
            known = {**words, **found.groupdict()}
            return Unreachable(each.message.format(**known), hint=each.hint.format(**known))
    return None


def last(said: str) -> str:
    """Return the last line that was said, shortened; "" when there was none."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""
