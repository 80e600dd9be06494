"""What comes after `rollback init`, in the order in which to do it, each with its command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from pytest_rollback.cli.init.description import Found, configuration
from pytest_rollback.cli.init.lines import OPEN
from pytest_rollback.manifest.release import IMAGES, PACKAGES
from pytest_rollback.text.next_steps import next_steps
from pytest_rollback.text.quantities import count

NEXT = "NEXT"
"""Stands for the release that will be deployed, where no tag names it."""


def summary(found: Found, path: Path, text: str) -> Iterator[str]:
    """Yield the lines that are printed when a file was written."""
    names = ", ".join(part.name for part in found.parts)
    asked = sum(OPEN in line for line in text.splitlines())
    yield f"wrote {path}: {found.name}, {count(len(found.parts), 'component')} ({names})"
    yield ""
    yield "next, in this order:"
    for number, (what, command) in enumerate(steps(found, path, asked), start=1):
        yield f"  {number}. {what}"
        yield f"     {command}"


def steps(found: Found, path: Path, asked: int) -> Iterator[tuple[str, str]]:
    """Yield what to do, with the command that does it."""
    way = next_steps([f"--target={path}"])
    readiness = way.rollback("ready")
    if asked:
        yield (
            f"answer what only people know: {count(asked, 'line')}",
            f"grep -n '{OPEN}' {shlex.quote(str(path))}",
        )
    yield "the first verdict: it lists what is missing, such as the backups", readiness
    previous, current = releases(found)
    what = current if current != NEXT else "the next release"
    release = [f"--from-git={previous}..{current}"]
    if not found.candidate.checkout or found.candidate.checkout.problem:
        release = ["--previous=OLD", "--current=NEW", "--files-from=CHANGED", "--added-from=ADDED"]
    if found.candidate.links:
        save = way.rollback("save", "--replace", *previous_of(found), "--current=NEW")
        yield "in the deploy, before it switches the link, record the release that is live", save
        yield "switch the link, restart the units, and ask again", readiness
        return
    if found.candidate.strategy == PACKAGES:
        save = way.rollback("save", "--replace", *previous_of(found), "--current=NEW")
        yield "in the deploy, before packages are installed, record those that are", save
        yield "install the packages, restart the units, and ask again", readiness
        return
    if found.candidate.strategy == IMAGES and not found.candidate.checkout:
        release = ["--previous=OLD", "--current=NEW"]
    changed = [each for each, _ in configuration(found)]
    yield (
        f"before {what} is deployed, save what it changes",
        way.rollback("save", *release, *changed),
    )
    yield "deploy it, restart the units, and ask again", readiness


def previous_of(found: Found) -> list[str]:
    """Return the option that names the previous release, where its parts have no name in common."""
    return ["--previous=OLD"] if found.candidate.contained else []


def releases(found: Found) -> tuple[str, str]:
    """Return the release that is deployed, and the one that comes next: a tag, or `NEXT`."""
    checkout = found.candidate.checkout
    if checkout is None:
        return "OLD", NEXT
    here = checkout.tag or checkout.head[:12]
    if checkout.tag in checkout.releases:
        newer = checkout.releases[: checkout.releases.index(checkout.tag)]
        return here, newer[-1] if newer else NEXT
    return here, NEXT
