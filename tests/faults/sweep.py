"""Every system call of a rollback, one after another, killed or failed; what must hold afterwards.

After each: no path holds anything but its whole old or whole new content, both versions are on the
host, no secret can be read by others; going on reaches the end, undoing reaches the start.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from pytest_rollback.agent import protocol
from pytest_rollback.transport.call import AnyCall
from tests.faults import scene as scenes
from tests.faults import steps, tracing
from tests.faults.paths import is_file
from tests.faults.scene import Refused, Scene, Tree, asked, clone, discard
from tests.faults.tracing import Site

FLUSHES = {"ENOSPC", "EIO", "EROFS", "EDQUOT"}
"""What a flush fails with."""

NO_LINKS = ("-e", "trace=linkat", "-e", "inject=linkat:error=EPERM:when=1+")
"""What a file system says that gives no file a second name, for strace."""

DEAD = 2**22 + 7
"""A process id that nobody has."""


class Phase(NamedTuple):
    """One call of the agent, the home it starts from, and whether it takes back."""

    name: str
    start: Path
    calls: list[AnyCall]
    takes_back: bool


class Bench:
    """A scene at a fixed place, and copies of it from before each call of a rollback.

    With `across` the state directory is a mount of its own, to which no name can be moved. With
    `linkless` no file gets a second name, so that names are renamed. With `alike` the deploy
    changed no bytes of a file, and all else of it. With `kept` the state directory has the backups.
    """

    def __init__(
        self,
        place: Path,
        *,
        many: int = 0,
        way: str = "exchange",
        across: bool = False,
        linkless: bool = False,
        alike: bool = False,
        kept: bool = False,
    ) -> None:
        tracing.loaded()
        self.place = place
        self.scene = Scene(place / "home", many=many, way=way, alike=alike)
        self.scene.keep = 3 if kept else 0
        self.scene.deploy()
        self.home = self.scene.home
        os.environ["PATH"] = f"{self.home / 'bin'}:{os.environ['PATH']}"
        self.violations: list[str] = []
        self.tried, self.also = 0, NO_LINKS if linkless else ()
        self.mount, self.across = self.home / "var", across
        if across:
            subprocess.run(["mount", "--bind", self.mount, self.mount], check=True)

    def kept(self, name: str) -> Path:
        """Keep a copy of the home as it is now."""
        copy = self.place / f"kept-{name}"
        clone(self.home, copy)
        return copy

    def phases(self) -> Iterator[Phase]:
        """Carry the rollback out and yield each call with the home from before it."""
        yield self._phase("begin", scenes.lease(self.scene, "r1", DEAD))
        for step in steps.STEPS:
            wanted = steps.change(self.scene, step)
            copied = step == "separate" and self.scene.way == "rename"
            if copied or (step == "units" and self.scene.alike):
                assert wanted is None, "no name was exchanged, or no byte of a unit file"
                continue
            assert wanted is not None, f"{step} has nothing to do in this scene"
            yield self._phase(step, wanted)
            if step in {"configuration", "close"}:
                yield from self._undoing(step)
        yield self._phase("end", scenes.ended(self.scene, "r1", "recovered"))

    def _phase(self, name: str, call: AnyCall) -> Phase:
        start = self.kept(name)
        ended = tracing.apart(tracing.served([call]), self.also)
        assert all("value" in each for each in ended.answers), ended
        return Phase(name, start, [call], takes_back=False)

    def _undoing(self, step: str) -> Iterator[Phase]:
        call = scenes.taken_back(self.scene)
        phase = Phase(f"undo after {step}", self.kept(f"undo-{step}"), [call], takes_back=True)
        yield phase
        clone(phase.start, self.home)

    def again(self, phase: Phase, share: float) -> Phase:
        """Return the same call once more, after it was killed at a share of its way."""
        known = self.sites(phase)
        clone(phase.start, self.home)
        ended = tracing.kill(known[int(len(known) * share)], phase.calls, also=self.also)
        assert ended.killed, phase.name
        name = f"{phase.name}, resumed"
        return Phase(name, self.kept(name), phase.calls, phase.takes_back)

    def sites(self, phase: Phase, *, threads: bool = False) -> list[Site]:
        """Return every site of a call."""
        clone(phase.start, self.home)
        found = tracing.sites(phase.calls, self.home, threads=threads, also=self.also)
        # A call is made to fail or killed, not both; right before a failing one nothing is new.
        return [site for site in found if not (self.also and site.call == "linkat")]

    def killed(self, phase: Phase, site: Site, *, threads: bool = False) -> None:
        """Kill at a site, and look; go on and undo, and undo at once."""
        clone(phase.start, self.home)
        ended = tracing.kill(site, phase.calls, threads=threads, also=self.also)
        said = f"{phase.name}, killed before {site}"
        if not ended.killed:
            self.violations += [] if threads else [f"{said}: it was not killed"]
            return
        self.tried += 1
        self._intact(said)
        crashed = self.kept("crashed")
        self._onward(phase, said)
        clone(crashed, self.home)
        self._other(phase, said)

    def failed(self, phase: Phase, site: Site, error: str, *, undo: bool) -> None:
        """Fail at a site, and look; go on, or undo."""
        clone(phase.start, self.home)
        before = self.scene.everything()
        ended = tracing.fail(site, error, phase.calls, self.also)
        said = f"{phase.name}, {error} at {site}"
        self.tried += 1
        if ended.killed:
            self.violations.append(f"{said}: it hung, or died of signal {ended.killed}")
        self.violations += [f"{said}: {each['bug']}" for each in ended.answers if "bug" in each]
        self._owned_up(site, error, ended, said)
        if site.call != "unlinkat":  # what cannot be removed stays
            self._untouched(phase, before, error, said)
        self._intact(said)
        (self._other if undo else self._onward)(phase, said)

    def _owned_up(self, site: Site, error: str, ended: tracing.Ended, said: str) -> None:
        """A flush that failed is never a success; a journal without room is written anew.

        Its reserve makes the room. Copies that share their bytes may stay so: `room` says it.
        """
        full = error in {"ENOSPC", "EDQUOT"}
        separated = said.startswith("separate")
        told = separated and any(each.get("value", [])[-1:] == [False] for each in ended.answers)
        again = full and (told or "/var/state" in site.about)
        if site.call in {"fsync", "fdatasync"} and error in FLUSHES and not again:
            swallowed = all("value" in each for each in ended.answers)
            self.violations += [f"{said}: the flush failed, and it said it was done"][:swallowed]

    def _untouched(self, phase: Phase, before: Tree, error: str, said: str) -> None:
        """A full disk before all is staged leaves the tree byte-identical."""
        if error not in {"ENOSPC", "EDQUOT"} or phase.name not in {"files", "configuration"}:
            return
        journal = {"files": "journal", "configuration": "journal-configuration"}[phase.name]
        path = self.scene.state / "runs" / "r1" / journal
        if path.exists() and b'"staged"' in path.read_bytes():
            return
        self.violations += different(self.scene.everything(), before, f"{said}: not untouched")

    def _onward(self, phase: Phase, said: str) -> None:
        """The same command again; then undo from its end."""
        if phase.takes_back:
            self._reached(self._undo, self.scene.deployed, f"{said}, undone again")
            return
        self._reached(self._roll_back, self.scene.previous, f"{said}, resumed")
        self._intact(f"{said}, resumed")
        self._reached(self._undo, self.scene.deployed, f"{said}, resumed and undone")

    def _other(self, phase: Phase, said: str) -> None:
        """The other way out: undo where it went on, a new run where it was undone."""
        self._reached(self._undo, self.scene.deployed, f"{said}, undone")
        if phase.takes_back:
            self._reached(self._anew, self.scene.previous, f"{said}, undone, rolled back anew")

    def _reached(self, way: Callable[[], None], wanted: Tree, said: str) -> None:
        """Go a way in a process of its own; everything is as wanted at its end."""
        ended = tracing.apart(lambda: framed(way), self.also)
        if ended.killed or ended.answers != [{"value": None}]:
            self.violations.append(f"{said}: {ended}")
            return
        self.violations += different(self.scene.everything(), wanted, said)

    def _roll_back(self) -> None:
        asked(scenes.lease(self.scene, "r1", DEAD))
        steps.roll_back(self.scene)

    def _anew(self) -> None:
        asked(scenes.lease(self.scene, "r2", DEAD))
        steps.roll_back(self.scene, "r2")

    def _undo(self) -> None:
        scenes.undo(self.scene)

    def _intact(self, said: str) -> None:
        self.violations += broken(self.scene, said)

    def close(self) -> None:
        """Remove all of it."""
        if self.across:
            subprocess.run(["umount", "-l", self.mount], check=True)
        discard(self.place)


class Swept(NamedTuple):
    """A bench, and every call that is swept on it by its name."""

    bench: Bench
    phases: dict[str, Phase]


def framed(way: Callable[[], None]) -> bytes:
    """Go a way and return what came of it, framed."""
    try:
        way()
    except Refused as problem:
        return protocol.frame({"answers": [{"problem": f"{problem.kind}: {problem}"}]})
    return protocol.frame({"answers": [{"value": None}]})


def plain(path: str, facts: object) -> object:
    """Return facts without what an installation may change: the time of an installed unit file."""
    return facts[-1] if path.startswith("units/") and isinstance(facts, tuple) else facts


def different(found: Tree, wanted: Tree, said: str) -> list[str]:
    """Return every path that is not as wanted."""
    return [
        f"{said}: {path!r} is {found.get(path)}, wanted {wanted.get(path)}"
        for path in sorted(found.keys() | wanted.keys())
        if plain(path, found.get(path)) != plain(path, wanted.get(path))
    ]


def broken(scene: Scene, said: str) -> list[str]:
    """Return which invariants do not hold now."""
    found, old, new = scene.everything(), scene.deployed, scene.previous
    wrong = [
        f"{said}: {path!r} is neither old nor new: {found.get(path)}"
        for path in sorted(old.keys() | new.keys())
        if not path.endswith(scene.suffix)
        and plain(path, found.get(path))
        not in (plain(path, old.get(path)), plain(path, new.get(path)))
    ]
    there = scene.contents()
    for name, tree in (("failed", old), ("previous", new)):
        wrong += [
            f"{said}: the {name} version of {path!r} is nowhere"
            for path, facts in tree.items()
            if isinstance(facts[-1], bytes) and facts[-1] not in there
        ]
    return wrong + exposed(scene, said)


def exposed(scene: Scene, said: str) -> list[str]:
    """Return files that let others read the secret."""
    return [
        f"{said}: {path} holds a secret and is {path.stat().st_mode & 0o777:o}"
        for path in scene.home.rglob("*")
        if is_file(path)
        and path.stat().st_mode & 0o077
        and scenes.SECRET.encode() in path.read_bytes()
    ]
