"""Units of systemd that run containers: which files of a release name their images."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from pytest_rollback.agent.messages.services.survey import Survey, SurveyedUnit
from pytest_rollback.cli.init.candidates import Candidate, is_below
from pytest_rollback.cli.init.lines import TomlLine
from pytest_rollback.manifest.release import IMAGES

QUADLET = ".container"


def lines(candidate: Candidate, survey: Survey) -> Iterator[TomlLine]:
    """Yield the strategy, the files that name images, and what of the images cannot come back."""
    units = candidate.contained or candidate.units
    if not candidate.contained:
        yield TomlLine("strategy", IMAGES, f"units run containers: {_seen(units)}")
    naming = {path for unit in units for path in named(candidate, survey, unit)}
    own = {_own(candidate, survey, unit) for unit in units} - {""}
    why = "they name the images" if naming else "those of the units: none names an image"
    yield TomlLine("images", sorted(naming or own), why)
    for unit in units:
        yield from _questions(candidate, survey, unit)


def strategy(candidate: Candidate, unit: SurveyedUnit) -> Iterator[TomlLine]:
    """Yield the strategy of a unit that runs a container, where others run from a tree."""
    if unit in candidate.contained:
        yield TomlLine("strategy", IMAGES, f"it runs a container: {_seen((unit,))}")


def _seen(units: Sequence[SurveyedUnit]) -> str:
    """Return how units run containers, for people."""
    by_hand = [each.name for each in units if not _is_quadlet(each)]
    made = [each.name for each in units if _is_quadlet(each)]
    seen = [f"{', '.join(made)} of quadlets"] if made else []
    engines = ", ".join(dict.fromkeys(_engine(each) for each in units))
    seen += [f"{', '.join(by_hand)} by {engines} run"] if by_hand else []
    return "; ".join(seen)


def _questions(candidate: Candidate, survey: Survey, unit: SurveyedUnit) -> Iterator[TomlLine]:
    """Yield why the image of a unit would not come back, and what to do about it."""
    about = unit.container
    if about is None:
        return
    if about.why:
        yield TomlLine(asks=f"{unit.name}: {about.why}")
    if about.pinned:
        where = ", ".join(named(candidate, survey, unit)) or "its file"
        asks = f"{unit.name}: {about.reference} in {where} is a tag, which can move: write"
        yield TomlLine(asks=f"{asks} {about.pinned}")
    if about.reference and not named(candidate, survey, unit):
        what = ", ".join(about.files) or "no file that was seen"
        asks = f"{unit.name} runs {about.reference}, named by {what}: a rollback brings back"
        yield TomlLine(asks=f"{asks} what lies below {candidate.root} alone")


def files(candidate: Candidate, survey: Survey, unit: SurveyedUnit) -> Iterator[TomlLine]:
    """Yield the files of a release that are a unit's own."""
    own = _own(candidate, survey, unit)
    if own:
        yield TomlLine("files", [own], f"systemd reads it as {unit.files[0]}")


def _own(candidate: Candidate, survey: Survey, unit: SurveyedUnit) -> str:
    """Return a unit's own file as a release has it, "" where it has none."""
    return kept(candidate, survey, unit.container.file) if unit.container else ""


def named(candidate: Candidate, survey: Survey, unit: SurveyedUnit) -> list[str]:
    """Return the files below the root that name the image of a unit, relative to it."""
    naming = unit.container.files if unit.container else ()
    return [path for path in (kept(candidate, survey, each) for each in naming) if path]


def kept(candidate: Candidate, survey: Survey, path: str) -> str:
    """Return a file as a release has it, relative to the root: itself, or what it is a copy of.

    "" where it has none.
    """
    if is_below(path, candidate.root):
        return os.path.relpath(path, candidate.root)
    name = PurePosixPath(path).name
    below = [
        place for place, each in survey.kept if each == name and is_below(place, candidate.root)
    ]
    return os.path.relpath(f"{below[0]}/{name}", candidate.root) if below else ""


def homeless(survey: Survey) -> dict[str, str]:
    """Return the units whose only file is the one that systemd reads, by name, as people say it."""
    why = "which is in no directory of a release"
    return {
        each.name: f"{each.name} runs a container by {each.files[0]}, {why}"
        for each in survey.units
        if _is_homeless(each)
    }


def way(survey: Survey, again: Callable[[str], str]) -> str:
    """Return the commands that give such a unit a release; `again` is the one that looks there."""
    one = next(each for each in survey.units if _is_homeless(each))
    root = f"/srv/{one.name}"
    path = f"{root}/units/{PurePosixPath(one.files[0]).name}"
    made = f"install -D -m 644 {one.files[0]} {path}"
    return f"have deploys write it there: {made} && {again(root)}"


def _is_homeless(unit: SurveyedUnit) -> bool:
    return unit.container is not None and not unit.places and bool(unit.files)


def _is_quadlet(unit: SurveyedUnit) -> bool:
    return bool(unit.files) and unit.files[0].endswith(QUADLET)


def _engine(unit: SurveyedUnit) -> str:
    return unit.container.engine if unit.container else ""
