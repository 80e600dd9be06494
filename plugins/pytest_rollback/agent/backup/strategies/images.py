"""Releases that are images of containers: what ran is recorded by id and digest, never by a tag.

The file that names an image is a recorded file like any other: that it names the previous one again
is one rename. Here is what it names: recorded before the deploy, and looked at before a rollback,
on this host, as a registry may be down when it is needed.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from ...errors import HostError
from ...messages.backup.strategies import (
    ImagesRequest,
    PartFault,
    PreviousPart,
    PreviousParts,
    RecordedPart,
)
from ...state import backup_set
from ...state import directory as places
from ...system.containers import images
from ...system.containers.container import EngineContainer
from ...system.containers.engine import Engine
from ...system.containers.images import HostImage, pinned
from . import recorded_images, running_images
from .recorded_images import RecordedImage
from .running_images import RunningImages

SHORT = 12
"""Characters of an id that people read."""


def record(request: ImagesRequest) -> RecordedPart:
    """Return what a record has of the images that the units run now.

    Raises:
        HostError: a unit runs no container, or its file would bring another image than it runs.
    """
    found = running_images.of(request)
    made = [_recorded(request, found, unit) for unit in request.units]
    words = ", ".join(f"{each.unit}: {each.reference} {each.image[:SHORT]}" for each in made)
    size, name = sum(each.size for each in made), made[0].reference if made else ""
    return RecordedPart(recorded_images.text(made), len(made), size, words, name.rpartition("/")[2])


def _recorded(request: ImagesRequest, running: RunningImages, unit: str) -> RecordedImage:
    """Return what is recorded of one unit."""
    engine, found = running.engine, running.by.get(unit, [])
    ids = {each.image for each in found if each.runs}
    if len(ids) != 1:
        said = "no container" if not ids else f"{len(ids)} images at once"
        raise HostError(
            f"{unit} runs {said}: it is not known which image the release that is live has",
            f"{engine.name} ps --all; start the release that is live, then run the same again",
        )
    one = next(each for each in found if each.runs)
    image, named = images.of(engine, one.image), images.of(engine, one.reference)
    if image is None or named is None or named.id != image.id:
        now = f"means {named.id[:SHORT]} now" if named else "means nothing on this host"
        raise HostError(
            f"{unit} runs the image {one.image[:SHORT]}, but {one.reference} {now}: the file that "
            "names it so would not bring it back",
            f"name it by its digest in {running.files.get(unit)}, or give it its name back: "
            f"{engine.name} tag {one.image[:SHORT]} {one.reference}",
        )
    running_images.refuse_unnamed(request, unit, one.reference)
    about = (image.digests, one.reference, image.platform, one.program, one.has_health, image.size)
    return RecordedImage(unit, image.id, *about)


def previous(request: ImagesRequest) -> PreviousParts:
    """Return the image that each unit ran before the deploy, and what it runs now."""
    known: Dict[str, RecordedImage] = {}
    name, why = "", "nothing was recorded of the image that it ran"
    try:
        record_ = backup_set.read(request.location.state)
        known = {each.unit: each for each in recorded_images.of(record_)}
        name = record_.previous.name
    except places.Absent as error:
        why = error.message
    running = running_images.of(request)
    parts = []
    for unit in request.units:
        live = running.by.get(unit, [])
        if unit not in known:
            fault = PartFault(unit, "unrecorded", why)
            parts.append(PreviousPart("", "", _told(live), faults=(fault,)))
            continue
        found = _part(known[unit], name, live)._replace(unpinned=_unpinned(running, known[unit]))
        parts.append(_kept(request, running, found, known[unit]))
    return PreviousParts(tuple(parts))


def _part(known: RecordedImage, name: str, live: Sequence[EngineContainer]) -> PreviousPart:
    """Return a recorded image beside what its unit runs; `name` is that of its release."""
    return PreviousPart(
        f"image {known.image[:SHORT]} ({known.reference})",
        name,
        f"{known.unit}: {_told(live)}",
        is_back=_is_back(known, live),
        files=1,
        bytes=known.size,
    )


def _unpinned(running: RunningImages, known: RecordedImage) -> Tuple[str, ...]:
    """Return that the recorded file names an image by a tag, and what is to be written instead."""
    if "@" in known.reference:
        return ()
    better = pinned(known.reference, known.digests)
    write = f"write {better}" if better else "push it, and write the digest that is answered"
    where = running.files.get(known.unit) or "its file"
    return (f"{known.unit}: {known.reference} in {where} is a tag, which can move: {write}",)


def _told(live: Sequence[EngineContainer]) -> str:
    """Return what a unit runs, for people."""
    said = [f"{each.reference} {each.image[:SHORT]}, {each.health or each.status}" for each in live]
    return "; ".join(dict.fromkeys(said)) or "no container"


def _is_back(known: RecordedImage, live: Sequence[EngineContainer]) -> bool:
    """Return whether all containers of a unit run the recorded image, in good health."""
    fine = all(
        each.runs and each.image == known.image and each.health in ("", "healthy") for each in live
    )
    healthy = not known.has_health or all(each.has_health for each in live)
    return bool(live) and fine and healthy


def _kept(
    request: ImagesRequest, running: RunningImages, found: PreviousPart, known: RecordedImage
) -> PreviousPart:
    """Return a recorded image as it is on this host now."""
    engine = running.engine
    image = images.of(engine, known.image)
    if image is None:
        where = pinned(known.reference, known.digests)
        fault = PartFault(known.unit, "missing", f"{found.place} is not on this host any more")
        hint = f"{engine.name} pull {where or known.reference}, or load it from an archive"
        return found._replace(faults=(fault,), hint=hint)
    faults, hint = _named(engine, known)
    if image.platform != images.platform():
        said = f"{found.place} is of {image.platform}, this host is {images.platform()}"
        faults.append(PartFault(known.unit, "altered", said))
    elif not faults and not found.is_back:
        faults += _tried(running, image, known)
    found = found._replace(faults=tuple(faults), hint=hint)
    return (
        found
        if any(each.image == image.id for each in running.every)
        else _unused(request, engine, found, image)
    )


def _unused(
    request: ImagesRequest, engine: Engine, found: PreviousPart, image: HostImage
) -> PreviousPart:
    """Return an image that no container has, with what would delete it and what protects it."""
    unit = found.live.partition(":")[0]
    name = f"rollback-{request.name}-{image.id[:SHORT]}"  # one for all units that have it
    if images.is_dangling(engine, image):
        threat = f"{unit}: no name leads to {found.place}: {engine.name} image prune deletes it"
        keep = f"{engine.name} tag {image.id[:SHORT]} localhost/{name}:previous"
        return found._replace(threats=(threat,), hint=found.hint or keep)
    risk = f"{unit}: {engine.name} image prune --all deletes {found.place}: no container has it"
    keep = f"{engine.name} create --name {name} --network none {image.id[:SHORT]} true"
    return found._replace(risks=(risk,), hint=found.hint or keep)


def _named(engine: Engine, known: RecordedImage) -> Tuple[List[PartFault], str]:
    """Return whether the name in the recorded file still means the recorded image."""
    named = images.of(engine, known.reference)
    if named is not None and named.id == known.image:
        return [], ""
    now = f"means {named.id[:SHORT]} now" if named else "means nothing on this host"
    said = f"{known.reference} {now}: the file of the previous release would not bring it back"
    hint = f"{engine.name} tag {known.image[:SHORT]} {known.reference}"
    if "@" in known.reference:
        hint = f"{engine.name} pull {known.reference}"
    return [PartFault(known.unit, "altered", said)], hint


def _tried(running: RunningImages, image: HostImage, known: RecordedImage) -> List[PartFault]:
    """Return why the image does not even start, beside what is live and without a network."""
    what = image.id, known.program
    if what not in running.tried:
        running.tried[what] = images.unstartable(running.engine, image, known.program)
    why = running.tried[what]
    return [PartFault(known.unit, "unstartable", f"{known.reference}: {why}")] if why else []
