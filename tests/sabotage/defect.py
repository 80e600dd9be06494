"""A defect as data: what somebody does to a system, and what a run may say of it afterwards.

The files in `defects/` know nothing of how a criterion works: a shell script spoils a sandbox, and
the verdict and the criteria that may turn red are written beside it.
"""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "defects"

Stage = Literal["deployed", "broken", "restored"]
"""After a healthy deploy; with a current release that is bad; after its rollback."""

SUITES: dict[Stage, tuple[str, ...]] = {
    "deployed": ("readiness",),
    "broken": ("drill", "validate"),
    "restored": ("validate",),
}
GOOD = frozenset({"READY", "RECOVERED", "STEADY", "MONITOR", "ISOLATED", "REHEARSED"})


class Defect(BaseModel):
    """One defect, or one thing that looks like a defect and is none.

    Args:
        name: unique, in words joined by hyphens.
        what: one sentence for the table: what was done.
        mechanism: how it spoils the system, in two or three words; no two defects share one.
        stage: how far the sandbox is when it is done.
        do: a script of the shell, run as the host's root before the suites; its words are in
            `player.words`.
        meanwhile: a script that runs beside the suites, and is ended with them.
        manifest: keys of `rollback.toml` that are other, by table; a list replaces the whole.
        component: keys that are other of one component, by its name.
        suites: what is run; by default what fits the stage.
        options: further words of the command line.
        scenario: in which way the current release is bad, for the stages after `deployed`.
        verdict: what the run has to say, or the several things one of which it may say.
        red: patterns of the criteria of which at least one is red, and no other may be.
        also: patterns of criteria that may be red besides.
        said: what has to stand on the terminal.
        seen: false for what the project does not see; `verdict` is then the wrong one that it
            says, and `why` the reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    what: Annotated[str, Field(min_length=10)]
    mechanism: Annotated[str, Field(min_length=3)]
    by: str = "author"
    stage: Stage = "deployed"
    do: str = ""
    meanwhile: str = ""
    manifest: dict[str, Any] = {}
    component: dict[str, dict[str, Any]] = {}
    suites: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    scenario: str = "degraded"
    verdict: str | tuple[str, ...]
    red: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    said: str = ""
    seen: bool = True
    why: str = ""

    @property
    def wanted(self) -> frozenset[str]:
        """The verdicts that are right."""
        return frozenset([self.verdict] if isinstance(self.verdict, str) else self.verdict)

    @property
    def harmless(self) -> bool:
        """Whether nothing is wrong, so that a red is a false one."""
        return self.seen and self.wanted <= GOOD

    @property
    def played(self) -> tuple[str, ...]:
        """The suites that are run."""
        return self.suites or SUITES[self.stage]

    def allows(self, identity: str) -> bool:
        """Return whether a criterion may be red."""
        return any(fnmatchcase(identity, each) for each in (*self.red, *self.also))

    def needs(self, reds: set[str]) -> bool:
        """Return whether what has to be red is."""
        return not self.red or any(fnmatchcase(one, each) for one in reds for each in self.red)


def library() -> dict[str, Defect]:
    """Return every defect by its name, in the order of the files.

    Raises:
        ValueError: a name or a mechanism is used twice, or a defect is not described as it should.
    """
    found: dict[str, Defect] = {}
    mechanisms: dict[str, str] = {}
    for path in sorted(FOLDER.rglob("*.toml")):
        for entry in tomllib.loads(path.read_text())["defect"]:
            one = Defect(**entry)
            twin = mechanisms.setdefault(one.mechanism, one.name)
            if one.name in found or twin != one.name:
                raise ValueError(f"{path.name}: {one.name} has the name or mechanism of {twin}")
            found[one.name] = one
    return found
