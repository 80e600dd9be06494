"""Which containers the units of a system run, whichever manager has them, and by which names.

A service of a compose project has containers by labels. A unit of systemd, such as one of a quadlet
or one that runs `podman run`, has those of its processes.
"""

from __future__ import annotations

import contextlib
import os
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ...errors import HostError
from ...files import reach
from ...messages.backup.strategies import ImagesRequest
from ...system.containers import images, unit_containers
from ...system.containers import project as projects
from ...system.containers.container import EngineContainer
from ...system.containers.engine import Engine


class RunningImages(NamedTuple):
    """The engine of a host, the containers of each unit, all containers, and each unit's file.

    The file is the one that people edit: the compose file, a unit file, or that of a quadlet.
    `tried` has why the program of an image cannot be started, once for all units that have it.
    """

    engine: Engine
    by: Dict[str, List[EngineContainer]]
    every: List[EngineContainer]
    files: Dict[str, str]
    tried: Dict[Tuple[str, str], str]


def of(request: ImagesRequest) -> RunningImages:
    """Return what the units of a request run.

    Raises:
        HostError: there is no engine, or it does not answer.
    """
    if request.manager.name == "systemd":
        return _of_systemd(request.units)
    path = request.manager.socket or ""
    project = projects.of(path)
    every = images.all_containers(project.engine)
    own = set(project.ids())
    by: Dict[str, List[EngineContainer]] = {}
    for each in every:
        if each.id in own:
            by.setdefault(each.service, []).append(each)
    return RunningImages(project.engine, by, every, dict.fromkeys(request.units, path), {})


def _of_systemd(units: Sequence[str]) -> RunningImages:
    known = unit_containers.asked(units)
    members = unit_containers.members({each.name: each.main for each in known.values()})
    engine = unit_containers.engine(members.values())
    every = images.all_containers(engine)
    by = {unit: unit_containers.of(members[each.name], every) for unit, each in known.items()}
    return RunningImages(engine, by, every, {unit: each.file for unit, each in known.items()}, {})


def refuse_unnamed(request: ImagesRequest, unit: str, reference: str) -> None:
    """Refuse an image that no recorded file names: to bring the files back would not bring it.

    A compose file may have it from a variable, and is read by compose alone.

    Raises:
        HostError: none names it.
    """
    if request.manager.name != "systemd" or any(
        images.is_named(text, reference) for text in _texts(request)
    ):
        return
    listed = ", ".join(request.files) or "none"
    raise HostError(
        f"{unit} runs {reference}, which no file of [release] images names: {listed}",
        f"see 'systemctl cat {unit}'; list the file with this name in images of [release], and "
        f"where the file has another one: systemctl daemon-reload && systemctl restart {unit}",
    )


def _texts(request: ImagesRequest) -> Iterator[str]:
    for path in request.files:
        with contextlib.suppress(OSError):
            yield reach.text(os.path.join(request.location.root, path))
