"""Power cuts: whatever of the unflushed writes is lost, nothing is, and it goes on or back."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults import blocklog, tracing
from tests.faults.blocklog import Write
from tests.faults.figures import EVERYTHING, measured, times
from tests.faults.scene import Scene, asked, lease, undo
from tests.faults.steps import STEPS, change, roll_back
from tests.faults.sweep import DEAD, broken, different, framed

IMAGES = times(250, 24)
SEED = 20261124

MOMENTS = 50
"""Tenths of a second that an unmount is tried again."""


class System(NamedTuple):
    """A file system: what makes it, its size in MB, and how it is mounted."""

    name: str
    make: tuple[str, ...]
    size: int
    options: str = "defaults"


SYSTEMS = {
    "ext4": System("ext4", ("mkfs.ext4", "-q", "-F"), 16),
    "ext4 noauto_da_alloc": System(
        "ext4", ("mkfs.ext4", "-q", "-F"), 16, "noauto_da_alloc,commit=1"
    ),
    "xfs": System("xfs", ("mkfs.xfs", "-q", "-f"), 320),
    "btrfs": System("btrfs", ("mkfs.btrfs", "-q", "-f"), 120),
}


@contextlib.contextmanager
def mounted(system: System, device: str, place: Path) -> Iterator[None]:
    """Mount a file system for a while."""
    loop = ",loop" if not device.startswith("/dev/") else ""
    words = ["mount", "-t", system.name, "-o", system.options + loop, device, str(place)]
    subprocess.run(words, check=True, capture_output=True)
    try:
        yield
    finally:
        unmounted(place)


def unmounted(place: Path) -> None:
    """Unmount a file system; whoever was killed there may have it open for a moment still."""
    for _ in range(MOMENTS):
        if subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", place], check=True)


class Recording:
    """A rollback and its undo on a disk that remembers, and what every cut of its power leaves."""

    def __init__(self, system: System, place: Path, way: str) -> None:
        self.system, self.place = system, place
        self.point, self.base, self.cut = place / "mnt", place / "base", place / "cut"
        self.point.mkdir()
        self.scene = Scene(self.point / "home", way=way)
        self.marks: dict[str, int] = {}

    def recorded(self) -> list[Write]:
        """Deploy, then roll back and undo with every write remembered; return the writes."""
        with self.base.open("wb") as file:
            file.truncate(self.system.size << 20)
        subprocess.run([*self.system.make, self.base], check=True, capture_output=True)
        with mounted(self.system, str(self.base), self.point):
            self.scene.deploy()
            os.sync()
        live = self.place / "live"
        subprocess.run(["cp", "--sparse=always", self.base, live], check=True)
        with (
            blocklog.served(live, self.place) as disk,
            mounted(self.system, disk.device, self.point),
        ):
            self._carried_out(disk.log)
        return blocklog.writes(self.place / "log")

    def _carried_out(self, log: Path) -> None:
        asked(lease(self.scene, "r1", DEAD))
        for step in STEPS:
            wanted = change(self.scene, step)
            if wanted is not None:
                asked(wanted)
            self.marks[step] = log.stat().st_size
        undo(self.scene)
        self.marks["undo"] = log.stat().st_size

    def checked(self, kept: list[Write], *, back: bool) -> list[str]:
        """Cut the power, mount what is left, and go on, or back."""
        blocklog.written(self.base, kept, self.cut)
        end = kept[-1].end if kept else 0
        said = f"{self.system.name}, {len(kept)} writes, {end} of the log"
        with mounted(self.system, str(self.cut), self.point):
            wrong = broken(self.scene, said)
            undoing = end > self.marks["close"]
            if end >= self.marks["files"] and not undoing:
                wrong += self._lost(said)
            way = self._undo if back or undoing else self._roll_back
            wanted = self.scene.deployed if back or undoing else self.scene.previous
            ended = tracing.apart(lambda: framed(way))
            if ended.answers != [{"value": None}]:
                return [*wrong, f"{said}: {ended}"]
            return wrong + different(self.scene.everything(), wanted, said)

    def _lost(self, said: str) -> list[str]:
        """Return what was said to be restored, and is not."""
        found = self.scene.everything()
        return [
            f"{said}: {path!r} was restored, and is not"
            for path in ("srv/app/serve.py", "srv/mesh/serve.py", "srv/app/gone.py")
            if found.get(path) != self.scene.previous[path]
        ]

    def _roll_back(self) -> None:
        asked(lease(self.scene, "r1", DEAD))
        roll_back(self.scene)

    def _undo(self) -> None:
        undo(self.scene)


@pytest.mark.parametrize("way", ["exchange", "rename"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_power_cut_at_any_write(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    """Old or new at every path, both on the disk; what was said to be done is done."""
    system = SYSTEMS[name]
    why = blocklog.unavailable(system.make[0])
    if not why and not EVERYTHING and system.name != "ext4":
        why = "make faults runs it"
    if why:
        measured("power-safety", f"{name}, {way}: not run: {why}")
        pytest.skip(f"not run: {why}")
    tracing.loaded()
    recording = Recording(system, place, way)
    monkeypatch.setenv("PATH", f"{recording.scene.home / 'bin'}:{os.environ['PATH']}")
    known = recording.recorded()
    chance = random.Random(SEED)  # noqa: S311 - a sequence that is the same each time
    violations: list[str] = []
    images = 0
    for kept in blocklog.chosen(known, IMAGES, chance):
        images += 1
        violations += recording.checked(kept, back=images % 3 == 0)
    measured("power-safety", f"{name}, {way}: {images} images of {len(known)} writes")

    assert len(known) > images // 4
    assert not violations, "\n".join(violations)
