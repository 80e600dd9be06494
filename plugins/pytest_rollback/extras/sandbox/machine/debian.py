"""The Debian package sources of this host, and a base image made from them if none is given."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import ENABLE, exists

RELEASE = "bookworm"
BASE = f"localhost/rollback-base:{RELEASE}"
PATIENCE = 600.0
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
INSIDE = "/run/authorities.crt"
TARGETS = ("apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) $(COMPONENT)")
PROXY = re.compile(r'^Acquire::(https?)::Proxy "(.+)";$', re.MULTILINE)

MAKE = """
mount -t tmpfs -o size=3g,mode=755 tmpfs "$1"
debootstrap --variant=minbase "$2" "$1" ${4:+"$4"} >&2
rm -rf "$1"/var/cache/apt/archives/*.deb
tar -C "$1" --one-file-system -c . | podman import - "$3" >&2
"""
"""In a private tmpfs, which ends with the process: dpkg calls fsync very often."""


def base(say: Callable[[str], object]) -> str:
    """Return the name of the base image, after making it where it is not there yet.

    Raises:
        Unreachable: there is nothing to make it with.
        Unreachable: it cannot be made, in debootstrap's own words.
    """
    if exists("image", BASE):
        return BASE
    if not shutil.which("debootstrap") or os.geteuid():
        raise Unreachable(
            "debootstrap needs root to make the base image of the machine",
            hint=f"as root: {ENABLE}; or use an image of Debian 12: rollback machine --base IMAGE",
        )
    say("  making a base image from Debian packages")
    with tempfile.TemporaryDirectory(prefix="rollback-base-") as place:
        command = ["unshare", "--mount", "sh", "-euc", MAKE, "sh", place, RELEASE, BASE, mirror()]
        carried_out(command, PATIENCE, "apt-get update, then run the same command again", proxies())
    return BASE


def sources() -> list[str]:
    """Return the lines of a sources.list for the release, as this host reads them; or none."""
    if not shutil.which("apt-get"):
        return []
    done = subprocess.run(
        [*TARGETS, "Created-By: Packages"], capture_output=True, text=True, timeout=60, check=False
    )
    suites = {RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security"}
    lines = sorted(set(done.stdout.splitlines()))
    return [line for line in lines if line.split()[2] in suites]


def mirror() -> str:
    """Return where this host gets the release from; "" for what debootstrap takes by itself."""
    found = [line.split()[1] for line in sources() if line.split()[2] == RELEASE]
    return found[0] if found else ""


def acquisition() -> str:
    """Return how this host's apt fetches: proxies, retries, certificates."""
    if not shutil.which("apt-config"):
        return ""
    done = subprocess.run(
        ["apt-config", "dump"], capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("Acquire"))


def proxies() -> dict[str, str]:
    """Return the environment in which debootstrap uses the proxies that apt uses."""
    return {f"{scheme}_proxy": url for scheme, url in PROXY.findall(acquisition())}


def settings(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield what a build needs of this host's settings: a file, and where apt looks for it."""
    trusted = f'Acquire::https::CAInfo "{INSIDE}";\n' if AUTHORITIES.exists() else ""
    (folder / "99host").write_text(trusted + acquisition(), encoding="utf-8")
    yield folder / "99host", "/etc/apt/apt.conf.d/99host"
    if sources():
        (folder / "sources.list").write_text("\n".join(sources()) + "\n", encoding="utf-8")
        yield folder / "sources.list", "/etc/apt/sources.list"
    if trusted:
        yield AUTHORITIES, INSIDE


def carried_out(
    command: list[str], seconds: float, hint: str, more: Mapping[str, str] | None = None
) -> None:
    """Run what fetches something that an image is made of.

    Raises:
        Unreachable: it failed or took too long; in its own words.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            env={**os.environ, **(more or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise Unreachable(
            f"{command[0]} did not finish within {seconds:.0f} s", hint=hint
        ) from error
    if done.returncode:
        said = (done.stderr + done.stdout).strip()[-800:]
        raise Unreachable(f"{Path(command[0]).name} failed: {said}", hint=hint)
