"""The image of a machine: built once from its Containerfile, and found again by its inputs."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_rollback.errors import Unfinished, UsageError
from pytest_rollback.extras.sandbox.machine import debian
from pytest_rollback.extras.sandbox.machine.podman import exists, podman

NAME = "localhost/rollback-machine"
CONTAINERFILE = "Containerfile"
PYTHON = "3.11"
"""The Python of the machine, for which its wheels are fetched."""

BUILD, FETCH = 900.0, 300.0
"""Seconds for the whole build, and for its wheels."""

Say = Callable[[str], object]


@dataclass(frozen=True)
class Image:
    """What the machine of one folder is started from.

    Args:
        folder: holds `Containerfile`, and `machine/` with `requirements.txt` and the files that
            are laid over the base, `root/`.
    """

    folder: Path

    @property
    def inputs(self) -> Iterator[Path]:
        """Yield the files that it is made of."""
        yield self.folder / CONTAINERFILE
        yield from sorted(path for path in (self.folder / "machine").rglob("*") if path.is_file())

    @property
    def name(self) -> str:
        """Return its name, which ends with the digest of its inputs.

        Raises:
            UsageError: the folder has none.
        """
        if not (self.folder / CONTAINERFILE).is_file():
            raise UsageError(
                f"{self.folder} has no {CONTAINERFILE}",
                hint="--rollback-target=sandbox needs none; or add one as in fixtures/village",
            )
        digest = hashlib.sha256()
        for path in self.inputs:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(self.folder)} {content}\n".encode())
        return f"{NAME}:{digest.hexdigest()[:16]}"

    @property
    def there(self) -> bool:
        """Whether it is built."""
        return exists("image", self.name)

    def built(self, say: Say, base: str = "") -> str:
        """Return its name, after building it where it is not there yet, or a base is given.

        Args:
            say: prints what takes long.
            base: what it is built on; an image made of Debian's packages when none is given.

        Raises:
            Unreachable: there is no container engine, or what it is made of cannot be fetched.
            Unfinished: a step of its own failed, in its own words.
        """
        if self.there and not base:
            return self.name
        started = time.monotonic()
        say("building the image of the machine sandbox; this takes about three minutes, once")
        base = base or debian.base(say)
        with tempfile.TemporaryDirectory(prefix="rollback-image-") as place:
            context = Path(place)
            shutil.copytree(self.folder / "machine", context / "machine")
            shutil.copy2(self.folder / CONTAINERFILE, context)
            say("  fetching the Python packages of its services")
            wheels(context / "machine/requirements.txt", context / "wheels")
            say("  installing the packages of a host")
            self._build(context, base)
        self._retire()
        say(f"  done after {time.monotonic() - started:.0f} s: {self.name}")
        return self.name

    def _build(self, context: Path, base: str) -> None:
        podman(
            *("build", "--isolation=chroot", "--network=host", "--force-rm"),
            *("--build-arg", f"BASE={base}", "--tag", self.name),
            *(f"--volume={here}:{there}:ro" for here, there in debian.settings(context)),
            str(context),
            timeout=BUILD,
        )

    def _retire(self) -> None:
        """Remove the images of other inputs; one that is in use stays."""
        listed = podman("images", "--format", "{{.Repository}}:{{.Tag}}", NAME).decode()
        for name in listed.split():
            if name != self.name:
                with contextlib.suppress(Unfinished):
                    podman("rmi", name)


def wheels(requirements: Path, folder: Path) -> None:
    """Fetch the wheels for the machine's Python, with this host's settings of pip.

    Raises:
        Unreachable: one cannot be had.
    """
    machine = platform.machine()
    here = ("--platform", f"manylinux2014_{machine}", "--platform", f"manylinux_2_28_{machine}")
    kinds = ("--abi", "cp" + PYTHON.replace(".", ""), "--abi", "abi3", "--abi", "none")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"),
        *("--python-version", PYTHON, "--implementation", "cp", *kinds, *here),
        *("--dest", str(folder), "--requirement", str(requirements)),
    ]
    debian.carried_out(command, FETCH, "check that pip can install packages here")
