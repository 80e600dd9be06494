"""`[release]`: how the previous release is kept, and how it comes back.

What a strategy asks of a host is said in `recovery/strategies.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pytest_rollback.manifest.values import Frozen, Inside

BACKUPS, LINKS = "backups", "links"

ABOUT = {
    BACKUPS: "copies of the files that a deploy changes, beside them",
    LINKS: "each release in a directory of its own, behind a link that a deploy switches",
}
"""What each strategy is, in a line."""

CURRENT = ("current",)
"""The link that most deploy tools switch."""


class ReleaseTable(Frozen):
    """`[release]`: the strategy by which the previous release is kept and comes back.

    `links` are what a deploy switches, below the root; `keep` is how many releases the deploy tool
    keeps; `besides` are patterns of files that the system writes into a release's directory.
    """

    strategy: Literal["backups", "links"] = "backups"
    links: tuple[Inside, ...] = ()
    keep: Annotated[int, Field(ge=1)] | None = None
    besides: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _usual_link(cls, given: object) -> object:
        """Name the link that most tools switch, where a strategy needs one and none is named."""
        if isinstance(given, dict) and given.get("strategy") == LINKS and not given.get("links"):
            return {**given, "links": CURRENT}
        return given

    @property
    def switched(self) -> tuple[str, ...]:
        """The links that a deploy switches, below the root; none where it switches none."""
        return self.links if self.strategy == LINKS else ()
