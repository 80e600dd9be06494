"""Images on this host: by id or digest, never by what a tag means today.

An image is there, of the right platform, and safe from pruning, or it is said which of these it is
not. Nothing is pulled.
"""

from __future__ import annotations

import os
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple

from ...errors import shortened
from .container import EngineContainer, bare, has_command
from .engine import Engine, parsed
from .project import inspected

ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "386",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
"""What the kernel calls a processor, and what images do."""


class HostImage(NamedTuple):
    """An image of this host.

    `digests` are those under which registries know it and its own, `names` its tags. `platform` is
    such as `linux/amd64`. `command` is what it runs, `has_health` whether it has a health command.
    """

    id: str
    digests: Tuple[str, ...] = ()
    names: Tuple[str, ...] = ()
    platform: str = ""
    command: Tuple[str, ...] = ()
    has_health: bool = False
    size: int = 0


def read(found: Mapping[str, Any]) -> HostImage:
    """Return what `image inspect` says of one image, of either engine."""
    about = found.get("Config") or {}
    own = str(found.get("Digest") or "")
    known = [str(each).rpartition("@")[2] for each in found.get("RepoDigests") or ()]
    words = [*(about.get("Entrypoint") or ()), *(about.get("Cmd") or ())]
    has_health = has_command({**found, **about}) or has_command(found)
    return HostImage(
        id=bare(found.get("Id")),
        digests=tuple(dict.fromkeys(filter(None, (own, *known)))),
        names=tuple(str(each) for each in found.get("RepoTags") or ()),
        platform=f"{found.get('Os') or ''}/{found.get('Architecture') or ''}",
        command=tuple(map(str, words)),
        has_health=has_health,
        size=int(found.get("Size") or 0),
    )


def of(engine: Engine, reference: str) -> Optional[HostImage]:
    """Return one image, None where this host has none of that id, name or digest.

    Raises:
        HostError: the engine does not answer.
    """
    argv = ("image", "inspect", reference)
    outcome = engine.call(*argv)
    if outcome.code and any(words in outcome.err.lower() for words in NOT_KNOWN):
        return None
    listed = parsed(engine.checked(outcome, argv))
    return read(listed[0]) if listed else None


NOT_KNOWN = ("no such image", "image not known", "no such object", "not found")


def platform() -> str:
    """Return the platform of this host, as images write it."""
    machine = os.uname().machine
    return f"linux/{ARCHITECTURES.get(machine, machine)}"


def is_dangling(engine: Engine, image: HostImage) -> bool:
    """Return whether the next `image prune` deletes an image that no container has.

    podman asks for any name, docker for a tag: one that was pulled by its digest has none there.

    Raises:
        HostError: the engine does not answer.
    """
    if engine.name != "podman":
        return not image.names
    said = engine.told("images", "--filter", "dangling=true", "--no-trunc", "--quiet")
    return image.id in {bare(line) for line in said.split()}


def all_containers(engine: Engine) -> List[EngineContainer]:
    """Return all containers of this host with the image of each, running or not.

    Raises:
        HostError: the engine does not answer.
    """
    said = engine.told("ps", "--all", "--no-trunc", "--quiet")
    return inspected(engine, said.split())


TRIED = 20.0
"""Seconds that making or starting a container may take."""

APART = ("--network", "none", "--no-healthcheck", "--pull", "never")
"""A trial has no network, no published port, no volume of anybody, and is removed at its end."""


def unstartable(engine: Engine, image: HostImage, program: str) -> str:
    """Return why a program of an image cannot be started on this host; "" where it was.

    It is started without arguments, and removed at once. How it would end says nothing of a service
    that has its variables and its network; that it cannot be started at all does.

    Raises:
        HostError: the engine is not there.
    """
    name = f"rollback-trial-{image.id[:12]}-{os.getpid()}"
    made = ("create", "--name", name, *APART, "--entrypoint", program, image.id)
    try:
        for argv in (made, ("start", name)):
            outcome = engine.call(*argv, timeout=TRIED)
            if outcome.timed_out or outcome.code:
                said = [line for line in outcome.err.splitlines() if "Error" in line]
                return shortened(said[-1].strip(), 300) if said else outcome.words
        return ""
    finally:
        engine.call("rm", "--force", *(("--time", "0") if engine.name == "podman" else ()), name)


LATEST = ":latest"
"""The tag of a name without one."""


def is_named(text: str, reference: str) -> bool:
    """Return whether a file asks for an image by the name that a container has it by."""
    name, _, digest = reference.partition("@")
    if digest:
        return digest in text
    short = name.rpartition("/")[2]
    short = short[: -len(LATEST)] if short.endswith(LATEST) else short
    return any(
        word.rpartition("/")[2] in (short, f"{short}{LATEST}")
        for word in text.replace("=", " ").replace('"', " ").split()
    )


def pinned(reference: str, digests: Tuple[str, ...]) -> str:
    """Return what is to be written in place of a name that can move, "" where nothing is known."""
    return f"{untagged(reference)}@{digests[0]}" if digests else ""


def untagged(reference: str) -> str:
    """Return the name of an image without tag and digest; a host may have a port."""
    above, slash, name = reference.partition("@")[0].rpartition("/")
    return f"{above}{slash}{name.partition(':')[0]}"
