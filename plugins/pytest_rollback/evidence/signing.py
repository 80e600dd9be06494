"""A signature of a run's seals by the operator's ssh key, made and verified by ssh-keygen.

The key is the one that ROLLBACK_SIGNING_KEY names, the one that git signs with, or the first of the
ssh agent. Without any of them a bundle is not signed. No key is asked for a passphrase or a touch:
a run ends without waiting for anybody.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

NAMESPACE = "pytest-rollback"
SIGNATURE = "seals.jsonl.sig"
VARIABLE = "ROLLBACK_SIGNING_KEY"
ALLOWED = Path("~/.ssh/allowed_signers")
PATIENCE = 5.0
GOOD = re.compile(r'Good ".*" signature (?:for (?P<who>.+) )?with (?P<key>\S+ key \S+)')


@dataclass(frozen=True)
class Signer:
    """Who signed: the key as ssh prints it, and the principal that allowed_signers has for it.

    `who` is "" where no file of allowed signers knows the key.
    """

    key: str
    who: str = ""

    def __str__(self) -> str:
        return f"{self.who} ({self.key})" if self.who else self.key


def told(*words: str, given: bytes = b"") -> str:
    """Return what a command prints; "" where it fails, is missing, or waits for somebody."""
    silent = {"SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            words,
            input=given,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env={**os.environ, **silent},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.decode("utf-8", "replace")


def key() -> str:
    """Return the operator's key: a path, or a public key of the agent; "" where there is none."""
    named = os.environ.get(VARIABLE, "")
    if named:
        return named
    if told("git", "config", "--get", "gpg.format").strip() == "ssh":
        found = told("git", "config", "--get", "user.signingkey").strip().removeprefix("key::")
        if found:
            return found
    held = told("ssh-add", "-L").splitlines()
    return next((line for line in held if not line.startswith("sk-")), "")


def sign(path: Path, by: str) -> str:
    """Return the signature of a file by a key; "" where that key cannot sign without anybody."""
    with tempfile.TemporaryDirectory(prefix="sign-") as place:
        file = Path(by).expanduser()
        if " " in by:  # a public key: its private half is in the agent
            file = Path(place) / "key.pub"
            file.write_text(f"{by}\n", "utf-8")
        copy = Path(place) / "seals"
        copy.write_bytes(path.read_bytes())
        told("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(file), str(copy))
        signature = copy.with_name("seals.sig")
        return signature.read_text("ascii") if signature.is_file() else ""


def allowed() -> Path | None:
    """Return the file of allowed signers: that of git, or the one in ~/.ssh."""
    named = told("git", "config", "--path", "--get", "gpg.ssh.allowedSignersFile").strip()
    found = Path(named) if named else ALLOWED.expanduser()
    return found if found.is_file() else None


def signer(path: Path, signature: Path, allowed_signers: Path | None) -> Signer | None:
    """Return who signed a file; None where the signature is not one of this file."""
    content = path.read_bytes()
    about = ("-n", NAMESPACE, "-s", str(signature))
    found = GOOD.search(told("ssh-keygen", "-Y", "check-novalidate", *about, given=content))
    if found is None:
        return None
    if allowed_signers is None:
        return Signer(found["key"])
    known = ("-f", str(allowed_signers))
    named = told("ssh-keygen", "-Y", "find-principals", "-s", str(signature), *known)
    for who in named.splitlines()[:1]:
        good = GOOD.search(
            told("ssh-keygen", "-Y", "verify", *known, "-I", who, *about, given=content)
        )
        return Signer(found["key"], who if good else "")
    return Signer(found["key"])
