"""Any order of restore, kill, undo, hotfix, second operator, spoilt copy: a state that is allowed.

The model knows for each file which versions somebody made and did not take back himself: none of
them may ever be lost, no path may hold anything else, and what is refused changes nothing.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pytest_rollback.agent.state import lock
from tests.faults import tracing
from tests.faults.edges import one_way, preserved
from tests.faults.figures import EVERYTHING, measured, times
from tests.faults.scene import Refused, Scene, asked, clone, ended, lease, taken_back, undo
from tests.faults.steps import STEPS, change
from tests.faults.sweep import DEAD
from tests.faults.tracing import Site

EXAMPLES = times(150, 20)
LONGEST = 20
PATHS = ("app/serve.py", "mesh/serve.py", "conf/app.env", "units/app.service")
CALLS = ("openat", "renameat", "renameat2", "linkat", "unlinkat", "fsync", "fdatasync", "write")
COUNT = {"examples": 0, "steps": 0, "kills": 0, "ways": 0}


class Clock:
    """The time of day, as somebody has set it."""

    jump = 0
    now, now_ns = time.time, time.time_ns

    @classmethod
    def time(cls) -> float:
        """Return the time in seconds."""
        return cls.now() + cls.jump

    @classmethod
    def time_ns(cls) -> int:
        """Return the time in nanoseconds."""
        return cls.now_ns() + cls.jump * 10**9


class Rollback(RuleBasedStateMachine):
    """One host, its operators, and everything that happens to it meanwhile."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        COUNT["examples"] += 1
        self.scene = Scene(self.template)
        self.run = "r1"
        self.number = 1
        self.spoilt: set[str] = set()
        self.touched: set[str] = set()
        self.hotfixes: dict[str, bytes] = {}
        self.is_lost = False

    @initialize()
    def deployed(self) -> None:
        """Start from a deployed scene, whose paths are always the same."""
        home = self.template.with_name("home")
        clone(self.template, home)
        self.scene = Scene(home)
        self.versions = {
            path: {self.scene.files[path].encode(), self.scene.current(path).encode()}
            for path in PATHS
        }
        self.begin()
        self.remember()

    def begin(self) -> None:
        """Take the host for a run, or go on with one that is unfinished."""
        self.run = asked(lease(self.scene, self.run, DEAD)).run

    def live(self, path: str) -> bytes:
        """Return the bytes of a live file."""
        return (self.scene.root / path).read_bytes()

    def attempts(self, step: str) -> None:
        """Do a step; a refusal is fine when something was tampered with."""
        COUNT["steps"] += 1
        try:
            wanted = change(self.scene, step, self.run)
            if wanted is not None:
                asked(wanted)
        except Refused:
            if not (
                self.spoilt or self.touched or self.is_lost or step in {"units", "close", "unguard"}
            ):
                raise

    @rule(step=st.sampled_from(list(STEPS)))
    def restore(self, step: str) -> None:
        """An operator does one step of the rollback, whichever."""
        self.attempts(step)

    @rule(
        step=st.sampled_from(list(STEPS)),
        call=st.sampled_from(CALLS),
        number=st.integers(1, 24),
    )
    def crash(self, step: str, call: str, number: int) -> None:
        """One step, and the agent is killed on the way, if it comes that far."""
        try:
            wanted = change(self.scene, step, self.run)
        except Refused:
            return
        if wanted is not None:
            COUNT["kills"] += tracing.kill(Site(call, number, ""), [wanted]).killed > 0

    @rule(call=st.sampled_from(CALLS), number=st.integers(1, 24))
    def crashed_undo(self, call: str, number: int) -> None:
        """An undo that is killed on the way; it is ended at once by the same command."""
        back = taken_back(self.scene, self.run)
        COUNT["kills"] += tracing.kill(Site(call, number, ""), [back]).killed > 0
        self.undo()

    @rule()
    def undo(self) -> None:
        """All is taken back; then a new run begins. A hotfix stands in its way and stays."""
        COUNT["steps"] += 1
        try:
            undo(self.scene, self.run)
        except Refused:
            if not (self.touched or self.is_lost):
                raise
            return
        if self.is_lost:  # it takes back what it knows, and has named what it does not
            return
        self.touched = set(self.hotfixes)
        for path in PATHS:
            if path not in self.hotfixes:
                assert self.live(path) == self.scene.current(path).encode(), path
        self.number += 1
        self.run = f"r{self.number}"
        self.begin()

    @rule()
    def remember(self) -> None:
        """Somebody makes a snapshot of the state directory."""
        clone(self.scene.state, self.scene.home.with_name("snapshot"))

    @rule()
    def set_back(self) -> None:
        """The state directory is what it was then: what moved there since is lost."""
        clone(self.scene.home.with_name("snapshot"), self.scene.state)
        self.forget()

    @precondition(lambda self: preserved(self.scene))
    @rule(number=st.integers(0, 99), altered=st.booleans())
    def version_lost(self, number: int, altered: bool) -> None:  # noqa: FBT001 - drawn
        """A failed version that was preserved is gone, or is not what it was."""
        found = preserved(self.scene)
        path = found[number % len(found)]
        path.unlink()
        if altered:
            path.write_bytes(b"altered")
        self.forget()

    def forget(self) -> None:
        """Count as lost what is nowhere now: that was not our doing."""
        self.is_lost = True
        there = self.scene.contents()
        self.versions = {path: known & there for path, known in self.versions.items()}

    @rule(jump=st.sampled_from([-86_400, -130, 130, 86_400]))
    def clock_set(self, jump: int) -> None:
        """The time of day is set forward or back."""
        Clock.jump += jump

    @rule(path=st.sampled_from(PATHS), number=st.integers(0, 99))
    def hotfix(self, path: str, number: int) -> None:
        """Somebody puts a fix of his own in the place of a live file."""
        fix = f"hotfix {number} of {path}\n".encode()
        self.by_hand(path, path, fix)
        self.versions[path].add(fix)
        self.hotfixes[path] = fix
        self.touched.add(path)

    def by_hand(self, path: str, name: str, content: bytes) -> None:
        """Put a new file in a place, as a person does: what that destroys is not our loss."""
        fresh = self.scene.root / "fresh"
        fresh.write_bytes(content)
        fresh.rename(self.scene.root / name)
        self.versions[path] &= self.scene.contents()

    @precondition(lambda self: any(self.live(p) == f for p, f in self.hotfixes.items()))
    @rule()
    def hotfix_withdrawn(self) -> None:
        """He takes his fix back: the failed version is live again, as deployed."""
        for path, fix in list(self.hotfixes.items()):
            if self.live(path) == fix:
                self.by_hand(path, path, self.scene.current(path).encode())
                del self.hotfixes[path]

    @rule(path=st.sampled_from(PATHS))
    def spoil(self, path: str) -> None:
        """Somebody puts other bytes in the place of a saved copy, if it is still beside."""
        if (self.scene.root / (path + self.scene.suffix)).exists():
            self.by_hand(path, path + self.scene.suffix, b"spoilt")
            self.versions[path].discard(self.scene.files[path].encode())
            self.spoilt.add(path)

    @rule()
    def second_operator(self) -> None:
        """Another one begins while the first is alive: he is held, and told by whom."""
        self.run = asked(lease(self.scene, self.run, os.getpid())).run  # of a state set back: older
        with pytest.raises(Refused, match=f"held by the tests .process {os.getpid()}"):
            asked(lease(self.scene, "r-second", os.getppid()))
        asked(lease(self.scene, self.run, os.getpid()))
        asked(ended(self.scene, self.run, "failed"))
        asked(lease(self.scene, self.run, DEAD))

    def teardown(self) -> None:
        """Whatever happened: the same command ends, or undo does, with what it names left out."""
        Clock.jump = 0
        if self.scene.home != self.template:
            COUNT["ways"] += 1
            assert one_way(self.scene, self.run) == ""

    @invariant()
    def whole(self) -> None:
        """Each live file is one of the versions that somebody made of it; none of them is lost."""
        if self.scene.home == self.template:
            return
        there = self.scene.contents()
        for path, versions in self.versions.items():
            found = self.live(path)
            known = {self.scene.files[path].encode(), self.scene.current(path).encode()}
            assert found in known | set(self.hotfixes.values()), (path, found)
            assert versions <= there, (path, versions - there)


def test_any_order_of_events(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examples of up to twenty events each."""
    why = tracing.unavailable()
    if why:
        pytest.skip(f"not run: {why}")
    tracing.loaded()
    monkeypatch.setattr(lock, "PATIENCE", 0.2)
    monkeypatch.setattr(time, "time", Clock.time)
    monkeypatch.setattr(time, "time_ns", Clock.time_ns)
    scene = Scene(place / "home").deploy()
    monkeypatch.setenv("PATH", f"{scene.home / 'bin'}:{os.environ['PATH']}")
    clone(scene.home, place / "template")
    Rollback.template = place / "template"
    machine = Rollback.TestCase
    machine.settings = settings(
        max_examples=EXAMPLES,
        stateful_step_count=LONGEST,
        deadline=None,
        derandomize=not EVERYTHING,
        database=None,
        phases=(Phase.generate,),  # a sequence is short, and to shorten it takes an hour
        suppress_health_check=list(HealthCheck),
    )
    machine("runTest").runTest()
    measured(
        "any order of events",
        f"{COUNT['examples']} sequences, {COUNT['steps']} steps, {COUNT['kills']} kills; "
        f"one command ended in each of {COUNT['ways']} states",
    )
