"""A sandbox as a target: one that is up is attached to, otherwise one is started for the session.

Only a sandbox that was started for the session is brought to the state that each suite needs. One
that was running before is left as it is: its user plays the story by hand.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.extras.sandbox.common import recipe, scenario
from pytest_rollback.extras.sandbox.common.layout import Layout, SandboxNote, words
from pytest_rollback.extras.sandbox.common.recipe import Recipe
from pytest_rollback.extras.sandbox.local.sandbox import Embedded
from pytest_rollback.extras.sandbox.machine import inside, sandbox
from pytest_rollback.extras.sandbox.machine.sandbox import Machine
from pytest_rollback.manifest.load import Loaded, load, parse

NAME = "sandbox"
KINDS: Mapping[str, type[Embedded | Machine]] = {NAME: Embedded, "machine": Machine}
"""What can be named as a target, and started for it: processes here, or a host of their own."""

DEPLOYED, BROKEN, ROLLED_BACK, TROUBLED = "deployed", "broken", "rolled back", "troubled"
NEEDS = {"drill": BROKEN, "validate": ROLLED_BACK, "monitor": ROLLED_BACK, "triage": BROKEN}
"""What each suite starts from; every other one from a healthy deploy."""


def usual(kind: str = NAME) -> Path:
    """Return the place of this user's one sandbox of a kind that is kept running."""
    return Path(tempfile.gettempdir()) / f"rollback-{kind}-{os.getuid()}"


def sketch(folder: Path, kind: str = NAME) -> Loaded:
    """Return the sandbox's description without starting anything, for collecting criteria."""
    file = recipe.FILE if kind == NAME else sandbox.FILE
    found, layout = Recipe.read(folder, file), Layout(usual(kind))
    if kind == NAME:
        filling = words(layout, dict.fromkeys(found.ports, 1), Path("/usr/bin"))
    else:
        filling = inside.words(found, layout, dict.fromkeys(sandbox.PORTS, 1))
    return Loaded(parse(found.document(filling), str(folder)), folder / file, "0" * 64)


def kept(kind: str = NAME) -> Path:
    """Return the rollback.toml of the sandbox that is kept running.

    Raises:
        UsageError: none is.
    """
    layout = Layout(usual(kind))
    if not layout.note.exists():
        flag = "" if kind == NAME else f" --{kind}"
        hint = f"rollback sandbox up{flag}; rollback sandbox break NAME{flag}"
        raise UsageError(f"no {kind} is up", hint=hint)
    SandboxNote.read(layout)  # of this user, and of nobody else
    return layout.manifest


def owned_by(note: SandboxNote, folder: Path, kind: str) -> None:
    """Refuse a sandbox that another checkout of this user keeps running.

    Raises:
        UsageError: it was made of another folder.
    """
    if Path(note.folder).resolve() != folder.resolve():
        raise UsageError(
            f"the {kind} that is running was started from another checkout: {note.folder}",
            hint="end it there with rollback sandbox down, or use another place: "
            "TMPDIR=/var/tmp, for both commands",
        )


class Sandbox:
    """A running sandbox for one session.

    Args:
        embedded: the sandbox, of whatever kind.
        owned: whether it was started for this session, and ends with it.
        chosen: the way in which its current release turns bad.
    """

    def __init__(
        self, embedded: Embedded | Machine, *, owned: bool, chosen: str | None = None
    ) -> None:
        self.embedded, self.owned = embedded, owned
        self.scenario = chosen or embedded.recipe.table.scenario
        self.state, self.drilled = DEPLOYED, False

    @classmethod
    def open(cls, folder: Path, chosen: str | None, kind: str = NAME) -> Sandbox:
        """Return the sandbox that is up, or start one and deploy its current release.

        Raises:
            Unreachable: there is no container engine for a machine; the hint brings one.
            UsageError: a scenario that nobody knows, or one for a sandbox that is kept running.
            Unfinished: it does not come up; nothing is left of it.
        """
        if Layout(usual(kind)).note.exists():
            kept = KINDS[kind].attach(usual(kind))
            if kept.running:
                owned_by(SandboxNote.read(Layout(usual(kind))), folder, kind)
                if chosen:
                    raise UsageError(
                        "--scenario is not for a sandbox that is running already",
                        hint=f"rollback sandbox break {chosen}"
                        + (f" --{kind}" if kind != NAME else ""),
                    )
                return cls(kept, owned=False)
        fresh = cls(KINDS[kind](folder), owned=True, chosen=chosen)
        fresh.check()
        up = fresh.embedded.up()
        try:
            up.deploy()
        except BaseException:  # Ctrl-C among them: nobody else knows of it yet
            up.down()
            raise
        return fresh

    def check(self) -> None:
        """Refuse a scenario that nobody knows before anything is started."""
        known = self.embedded.scenarios
        if self.scenario not in known and not Path(self.scenario).is_dir():
            raise UsageError(
                f"there is no scenario {self.scenario!r}",
                hint=f"choose one of: {', '.join(known) or 'none'}",
            )

    def load(self) -> Loaded:
        """Return the running sandbox's own manifest."""
        return load(self.embedded.manifest_path)

    def prepare(
        self, suite: str, healthy: Callable[[], object], roll_back: Callable[[], object]
    ) -> None:
        """Bring a sandbox of our own to the state that a suite starts from.

        Args:
            suite: the suite that begins.
            healthy: what is done before the release turns bad: a baseline is kept.
            roll_back: carries the rollback out, for a suite that looks at what came of it.
        """
        needed = NEEDS.get(suite, DEPLOYED)
        after_drill = self.drilled and needed == ROLLED_BACK  # whatever the drill made of it
        self.drilled = self.drilled or suite == "drill"
        if not self.owned or self.state == needed or after_drill:
            return
        if self.state != DEPLOYED and needed != ROLLED_BACK:
            self.embedded.reset()
            self.state = DEPLOYED
        if self.state == DEPLOYED and needed != DEPLOYED:
            healthy()
            self.embedded.break_(self.scenario)
            self.state = BROKEN
        if needed == ROLLED_BACK:
            roll_back()
            self.state = ROLLED_BACK

    def trouble(self, name: str) -> None:
        """Break it, as healthy as it was after the last deploy, in one of its troubles.

        Raises:
            UsageError: nobody knows it; lists those there are.
        """
        place = self.embedded.recipe.path("troubles")
        found = scenario.find(name, place)
        if self.state != DEPLOYED or not self.owned:
            self.embedded.reset()
        self.state = TROUBLED
        self.embedded.break_(str(place / found.name))

    def close(self) -> None:
        """End a sandbox of our own; one that somebody keeps is healthy again if we broke it."""
        if self.owned:
            self.embedded.down()
        elif self.state == TROUBLED:
            self.embedded.reset()
