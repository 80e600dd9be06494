"""One container as its engine describes it: state, process, health, image, published ports."""

from __future__ import annotations

import calendar
import re
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple

from ...errors import shortened

LABELS = ("com.docker.compose.", "io.podman.compose.")
"""How the labels of a compose project begin; podman-compose sets both."""

TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?")
NEVER = 0.0
USUAL = 30_000_000_000


class PublishedPort(NamedTuple):
    """A TCP port of the host, its address there ("" for all), and the port of the container."""

    port: int
    inside: int
    address: str = ""


class EngineContainer(NamedTuple):
    """A container at one moment.

    `status` is the engine's word: running, exited, created, paused, restarting, stopping. `pid` is
    its first process as this host numbers it, `monitor` the process that watches it and holds its
    published ports, 0 for none. `started`, `ended` and `created` are seconds since the epoch.
    `exit_code` is that of its last end, `killed` tells that memory ran out. `health` is healthy,
    unhealthy or starting, "" without a health command; `health_said` is what that said last, and
    `health_after` the seconds until an engine has run it for the first time. `image` is the id
    of its image, `digest` the digest of that, `reference` the name by which it was asked for,
    `program` what was started in it.
    `restarts` counts automatic ones by `policy`. `files` are the compose files that it was made of.
    `needs` are ids of containers that have to be up before it, `after` such services.
    """

    id: str
    name: str
    service: str = ""
    project: str = ""
    directory: str = ""
    files: Tuple[str, ...] = ()
    status: str = ""
    pid: int = 0
    monitor: int = 0
    started: float = NEVER
    ended: float = NEVER
    created: float = NEVER
    exit_code: int = 0
    killed: bool = False
    error: str = ""
    restarts: int = 0
    policy: str = ""
    health: str = ""
    health_said: str = ""
    has_health: bool = False
    health_after: float = 0.0
    image: str = ""
    digest: str = ""
    reference: str = ""
    program: str = ""
    ports: Tuple[PublishedPort, ...] = ()
    driver: str = ""
    unit: str = ""
    needs: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    mounts: Tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it has processes."""
        return bool(self.pid) and self.status in ("running", "paused", "stopping", "restarting")


def read(found: Mapping[str, Any]) -> EngineContainer:
    """Return what `inspect` says of one container, of either engine."""
    state, about, host = (found.get(key) or {} for key in ("State", "Config", "HostConfig"))
    labels = about.get("Labels") or {}
    policy, log = (host.get(key) or {} for key in ("RestartPolicy", "LogConfig"))
    health = state.get("Health") or state.get("Healthcheck") or {}
    has_health = has_command(about)
    return EngineContainer(
        id=str(found.get("Id", "")),
        name=str(found.get("Name", "")).lstrip("/"),
        service=label(labels, "service"),
        project=label(labels, "project"),
        directory=label(labels, "project.working_dir"),
        files=tuple(filter(None, label(labels, "project.config_files").split(","))),
        status=str(state.get("Status", "")),
        pid=int(state.get("Pid") or 0),
        monitor=int(state.get("ConmonPid") or 0),
        started=moment(state.get("StartedAt")),
        ended=moment(state.get("FinishedAt")),
        created=moment(found.get("Created")),
        exit_code=int(state.get("ExitCode") or 0),
        killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        restarts=int(found.get("RestartCount") or 0),
        policy=str(policy.get("Name") or "no"),
        health=str(health.get("Status") or "starting") if has_health else "",
        health_said=last_words(health) if has_health else "",
        has_health=has_health,
        health_after=first_health(about) if has_health else 0.0,
        image=bare(found.get("Image")),
        digest=str(found.get("ImageDigest") or ""),
        reference=str(about.get("Image") or found.get("ImageName") or ""),
        program=str(found.get("Path") or ""),
        ports=published(host.get("PortBindings"), found.get("NetworkSettings")),
        driver=str(log.get("Type") or ""),
        unit=str(labels.get("PODMAN_SYSTEMD_UNIT") or ""),
        needs=tuple(found.get("Dependencies") or ()),
        after=_after(labels),
        mounts=tuple(str(each.get("Source") or "") for each in found.get("Mounts") or ()),
    )


def label(labels: Mapping[str, Any], name: str) -> str:
    """Return a label that compose sets; "" where it is not set."""
    return next((str(labels[f"{of}{name}"]) for of in LABELS if labels.get(f"{of}{name}")), "")


def _after(labels: Mapping[str, Any]) -> Tuple[str, ...]:
    """Return the services that one depends on, as compose of docker tells them."""
    listed = label(labels, "depends_on").split(",")
    return tuple(each.partition(":")[0] for each in listed if each)


def has_command(about: Mapping[str, Any]) -> bool:
    """Return whether a configuration has a health command that is not turned off."""
    test = (about.get("Healthcheck") or about.get("HealthCheck") or {}).get("Test") or []
    return bool(test) and test[0] != "NONE"


def first_health(about: Mapping[str, Any]) -> float:
    """Return the seconds after which a health command may have ended for the first time.

    Engines write nanoseconds, and leave out what is usual: half a minute for each.
    """
    test = about.get("Healthcheck") or about.get("HealthCheck") or {}
    given = (test.get(name) for name in ("Interval", "Timeout"))
    usual = (each if isinstance(each, int) and each else USUAL for each in given)
    period = test.get("StartPeriod")
    return (sum(usual) + (period if isinstance(period, int) else 0)) / 1e9


def last_words(health: Mapping[str, Any]) -> str:
    """Return what the health command said last, one line."""
    said = [each for each in health.get("Log") or () if isinstance(each, dict)]
    words = str(said[-1].get("Output") or "").strip().splitlines() if said else []
    code = f"exit code {said[-1].get('ExitCode')}" if said else ""
    return shortened(words[-1].strip(), 200) if words else code


def bare(image: Any) -> str:  # noqa: ANN401 - JSON
    """Return the id of an image without the name of its hash, which docker writes before it."""
    return str(image or "").rpartition(":")[2]


def published(bindings: Any, network: Any) -> Tuple[PublishedPort, ...]:  # noqa: ANN401 - JSON
    """Return the TCP ports of the host that lead to a container.

    Those that it has now, and while it does not run those that it was made with.
    """
    now: Dict[str, Any] = (network or {}).get("Ports") or {}
    wanted = {**(bindings or {}), **{name: each for name, each in now.items() if each}}
    found = []
    for name, places in wanted.items():
        inside, _, kind = str(name).partition("/")
        if kind not in ("", "tcp") or not inside.isdigit():
            continue
        for place in places or ():
            port = str(place.get("HostPort") or "")
            address = str(place.get("HostIp") or "")
            if port.isdigit() and int(port):
                found.append(PublishedPort(int(port), int(inside), address))
    return tuple(dict.fromkeys(found))


def moment(said: Any) -> float:  # noqa: ANN401 - JSON
    """Return a time of an engine in seconds since the epoch; 0 for none, and for its year 1."""
    found = TIME.match(said) if isinstance(said, str) else None
    if found is None or found[1] == "0001":
        return NEVER
    parts = tuple(int(found[each]) for each in range(1, 7))
    return calendar.timegm((*parts, 0, 1, 0)) + float(found[7] or 0.0) - _zone(found[8])


def _zone(said: Optional[str]) -> float:
    if not said or said == "Z":
        return 0.0
    seconds = int(said[1:3]) * 3600 + int(said[-2:]) * 60
    return float(-seconds if said[0] == "-" else seconds)
