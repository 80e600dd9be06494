"""How the previous release seems to be kept, as `[release]` says it: with the reason."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from pytest_rollback.agent.messages.services.survey import Survey, SwitchedLink
from pytest_rollback.cli.init import contained
from pytest_rollback.cli.init.candidates import Candidate, is_below, runs_containers
from pytest_rollback.cli.init.lines import TomlLine, TomlTable, header
from pytest_rollback.manifest.release import COMMANDS, IMAGES, LINKS, PACKAGES
from pytest_rollback.text.quantities import count

MOST = 3
"""Directories that one remark names."""

MOVES = re.compile(r"^(?![0-9a-f]{12,}$)(.*(:latest|/[^:@]+)|[^:@/]+)$")
"""A name of an image that means another one after each build: without a tag, or with `latest`."""


def tables(candidate: Candidate, survey: Survey) -> Iterator[TomlTable]:
    """Yield how the previous release is kept, and where nobody deletes it."""
    strategy = candidate.strategy
    if candidate.contained:
        yield TomlTable(header("release"), list(_both(candidate, survey)))
    elif strategy == LINKS:
        yield TomlTable(header("release"), list(_links(candidate)))
    elif strategy == IMAGES and candidate.units[0].container:
        yield TomlTable(header("release"), list(contained.lines(candidate, survey)))
    elif strategy == IMAGES:
        yield TomlTable(header("release"), list(_images(candidate)))
    elif strategy == PACKAGES:
        yield TomlTable(header("release"), list(_packages(candidate)))
    else:
        apart = list(_apart(candidate, survey))
        yield from apart or _commands(candidate)


def _both(candidate: Candidate, survey: Survey) -> Iterator[TomlLine]:
    """Yield how units that run from a tree are kept, and those that run containers beside them."""
    if candidate.strategy == LINKS:
        yield from _links(candidate)
    elif candidate.strategy == PACKAGES:
        yield from _packages(candidate)
    else:
        yield from (line for table in _apart(candidate, survey) for line in table.lines)
    yield from contained.lines(candidate, survey)


def _links(candidate: Candidate) -> Iterator[TomlLine]:
    """Yield the links that a deploy switches."""
    links = candidate.links
    seen = "; ".join(each.seen for each in links)
    number = max(each.releases for each in links)
    above = str(PurePosixPath(links[0].place).parent)
    there = count(number, "directory", "directories")
    inside = "".join(f"; {environment(each)}" for each in links if each.environment)
    yield TomlLine("strategy", LINKS, f"{seen}; {there} in {above}{inside}")
    names = [os.path.relpath(each.link, candidate.root) for each in links]
    yield TomlLine("links", names, seen)
    asks = "how many releases the deploy tool keeps"
    yield TomlLine("keep", max(number, 2), asks=asks, hidden=True)
    for each in links:
        if each.astray:
            asks = f"{each.astray}; make each environment in the directory where it stays"
            yield TomlLine(asks=asks)


def environment(link: SwitchedLink) -> str:
    """Return, for people, that a release has a virtual environment of its own."""
    name = PurePosixPath(link.place).name
    if link.environment == ".":
        return f"{name} is a virtual environment"
    return f"{link.environment} in {name} is a virtual environment"


def _images(candidate: Candidate) -> Iterator[TomlLine]:
    """Yield the compose file, and what of its images cannot come back."""
    project = os.path.relpath(candidate.units[0].socket, candidate.root)
    names = ", ".join(each.name for each in candidate.units)
    yield TomlLine("strategy", IMAGES, f"{project} is a compose project: {names}")
    yield TomlLine("images", [project], "it names the images")
    for unit in candidate.units:
        if MOVES.search(unit.runs):
            asks = f"{unit.name} runs {unit.runs}: a version, or a digest, in place of this name"
            yield TomlLine(asks=f"{asks} brings the previous image back")


def _packages(candidate: Candidate) -> Iterator[TomlLine]:
    """Yield the packages that brought the units, and those that may come with them."""
    packages = candidate.packages
    seen = "; ".join(each.seen for each in packages.values())
    yield TomlLine("strategy", PACKAGES, seen)
    installed = ", ".join(f"{each.name} {each.version}" for each in packages.values())
    yield TomlLine("packages", list(packages), f"{installed} installed")
    beside = {name for each in packages.values() for name in each.beside} - {*packages}
    if beside:
        asks = f"packages: is also {', '.join(sorted(beside))}, of the same source, of the release"
        yield TomlLine(asks=asks)
    asks = "only where apt cannot fetch what is installed: directories with archives"
    yield TomlLine("sources", ["/srv/archives"], asks=asks, hidden=True)


def _apart(candidate: Candidate, survey: Survey) -> Iterator[TomlTable]:
    """Yield where backups are kept, where a package manager owns a part of the tree."""
    root = candidate.root
    there = [(place, why) for place, why in survey.owned if is_below(place, root)]
    if there:
        seen = "; ".join(f"{os.path.relpath(place, root)}: {why}" for place, why in there[:MOST])
        line = TomlLine("backups", "state", f"{seen}; backups beside the files would be lost")
        yield TomlTable(header("release"), [line])


def _commands(candidate: Candidate) -> Iterator[TomlTable]:
    """Yield, as a comment, the strategy for what brings a release and shows nothing of it here."""
    engines = [each.name for each in candidate.units if runs_containers(each)]
    checkout = candidate.checkout
    if engines:
        why = f"{', '.join(engines)} runs containers that no compose file here describes"
    elif checkout and not checkout.problem:
        return
    else:
        why = "no link, image, package or repository shows how a release comes here"
    asks = f"{why}: copies of files are kept; where a tool brings it, commands can bring it back"
    yield TomlTable(header("release"), [TomlLine("strategy", COMMANDS, "", asks)], hidden=True)
    lines = [
        TomlLine("look", ["/usr/local/sbin/release", "show"], "prints which release is live"),
        TomlLine("return", ["/usr/local/sbin/release", "back"], "see docs/recipes/commands.md"),
    ]
    yield TomlTable(header("release", "commands"), lines, hidden=True)
