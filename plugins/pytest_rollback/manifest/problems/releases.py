"""What contradicts the strategies by which the previous release is kept, alone and together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_rollback.agent.backup.owners import Owners
from pytest_rollback.agent.messages.location import ComponentFiles, is_below
from pytest_rollback.manifest.document import TomlTable, table, tables, texts
from pytest_rollback.manifest.release import (
    BACKUPS,
    COMMANDS,
    COMPOSE,
    CURRENT,
    IMAGES,
    LINKS,
    PACKAGES,
    STATE,
)

Named = Mapping[str, str]
"""Each strategy that is named, and the key that names it."""

IN_CONTAINERS = {
    LINKS: "a mount stays where the link led when its container was made",
    PACKAGES: "no container runs what packages install on the host",
}
"""Why a service of a compose project cannot be kept so, beside others of other strategies."""


def named(document: TomlTable) -> Named:
    """Return the strategies of a document: those of `[release]`, and of components."""
    release = table(document.get("release"))
    found = {str(release.get("strategy", BACKUPS)): "release.strategy"}
    for index, each in enumerate(tables(document.get("components"))):
        if isinstance(each.get("strategy"), str):
            found.setdefault(str(each["strategy"]), f"components[{index}].strategy")
    return found


def across(document: TomlTable) -> Iterator[str]:
    """Yield what contradicts the strategies, from a document that may be wrong in any way."""
    release, found = table(document.get("release")), named(document)
    yield from _images(document, release, found)
    yield from _commands(release, found)
    yield from _packages(document, release, found)
    yield from _links(document, release, found)
    yield from _keep(release, found)
    yield from _together(document, release, found)


def _links(document: TomlTable, release: TomlTable, found: Named) -> Iterator[str]:
    """Yield what contradicts a release behind a link."""
    if LINKS not in found:
        for name in sorted({"links", "besides"} & release.keys()):
            yield f"release.{name}: found with other strategies, expected strategy = {LINKS!r}"
        return
    for first, name in (("fallback", "git"), ("configuration", "defaults")):
        if table(document.get(first)).get(name):
            yield (
                f"{first}.{name}: found with strategy = {LINKS!r}, expected none: each release has "
                "a directory of its own, and all files of the previous one are in it"
            )


def _keep(release: TomlTable, found: Named) -> Iterator[str]:
    """Yield that `keep` says nothing, or two things."""
    if "keep" not in release:
        return
    kept = [f"backups = {STATE!r}"] if release.get("backups") == STATE else []
    kept += [f"strategy = {PACKAGES!r}"] if PACKAGES in found else []
    if LINKS not in found and not kept:
        yield (
            f"release.keep: found with backups beside their files, expected backups = {STATE!r}"
            f", which keeps several, or strategy = {LINKS!r} or {PACKAGES!r}"
        )
    if LINKS in found and PACKAGES in found:
        yield (
            f"release.keep: found with {LINKS} and {PACKAGES}, expected none: of links it is what "
            "the deploy tool keeps, of packages what is kept here"
        )


def _packages(document: TomlTable, release: TomlTable, found: Named) -> Iterator[str]:
    """Yield what contradicts a release that is packages."""
    if PACKAGES not in found:
        for name in sorted({"packages", "pool", "sources"} & release.keys()):
            yield f"release.{name}: found with other strategies, expected strategy = {PACKAGES!r}"
        return
    if not release.get("packages"):
        yield "release.packages: found none, expected the packages that a deploy installs"
    root = f"{table(document.get('system')).get('root')}".rstrip("/") + "/"
    if f"{release.get('pool', '')}/".startswith(root):
        yield (
            f"release.pool: found {release['pool']!r}, expected a directory outside of the root "
            f"{root!r}, which a deploy does not change"
        )


def _images(document: TomlTable, release: TomlTable, found: Named) -> Iterator[str]:
    """Yield what contradicts a release that is images, which files of the system name."""
    if IMAGES not in found:
        if "images" in release:
            yield f"release.images: found with other strategies, expected strategy = {IMAGES!r}"
        return
    services = table(document.get("services"))
    manager, project = services.get("manager", "systemd"), services.get("project")
    root = f"{table(document.get('system')).get('root')}".rstrip("/")
    paths = [f"{root}/{path}" for path in texts(release.get("images")) or COMPOSE]
    if manager == "systemd":
        if not release.get("images"):
            yield "release.images: found none, expected the unit files or quadlets that name images"
    elif not project:
        yield f"{found[IMAGES]}: found {IMAGES!r}, expected [services] manager = 'compose'"
    elif project not in paths:
        yield (
            f"release.images: found {', '.join(paths)}, expected the compose file of [services], "
            f"{project}, among them"
        )


def _commands(release: TomlTable, found: Named) -> Iterator[str]:
    """Yield what is missing of a release that commands bring back, or is there for another one."""
    if COMMANDS in found and "commands" not in release:
        yield f"release.commands: missing, expected look and return with strategy = {COMMANDS!r}"
    if COMMANDS not in found and "commands" in release:
        yield f"release.commands: found with other strategies, expected strategy = {COMMANDS!r}"


def _together(document: TomlTable, release: TomlTable, found: Named) -> Iterator[str]:
    """Yield what cannot be combined in one release."""
    components = tables(document.get("components"))
    usual = str(release.get("strategy", BACKUPS))
    own = [str(each.get("strategy", usual)) for each in components]
    if usual != BACKUPS and components and usual not in own:
        yield (
            f"release.strategy: found {usual!r}, which no component has, expected that of those "
            "without a strategy of their own, or none"
        )
    if len(set(own)) < 2:  # noqa: PLR2004 - one is the usual case
        return
    if table(document.get("services")).get("manager") == "compose":
        yield from (
            f"{found[name]}: found {name!r} in a compose project beside others, expected "
            f"{IMAGES!r}, or {BACKUPS!r} of what it mounts: {why}"
            for name, why in IN_CONTAINERS.items()
            if name in own
        )
    links = [*(texts(release.get("links")) or CURRENT)] if LINKS in found else []
    images = [*(texts(release.get("images")) or COMPOSE)] if IMAGES in found else []
    for index, each in enumerate(components):
        mine = own[index]
        others = ([] if mine == LINKS else links, [] if mine == IMAGES else images)
        for number, pattern in enumerate(texts(each.get("files"))):
            key = f"components[{index}].files[{number}]: found {pattern!r}"
            yield from _patterns(key, pattern, *others)


def _patterns(key: str, pattern: str, links: Sequence[str], images: Sequence[str]) -> Iterator[str]:
    """Yield that files of a component are those of another part of the release."""
    whose = Owners((ComponentFiles("taken", (pattern,)),))
    for path in (*links, *images):
        if whose.of(path) == "taken":
            yield f"{key}, expected a narrower one: {path} is switched with another part"
        elif path in links and is_below(pattern, [path]):
            yield f"{key}, expected none: {path} is a link, and is switched as a whole"
