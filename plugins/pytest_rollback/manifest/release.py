"""`[system]`, `[release]`, `[fallback]`: what is deployed where, how the previous release is kept.

What a strategy asks of a host is said in `recovery/strategies.py`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pytest_rollback.manifest.refused import own_suffix
from pytest_rollback.manifest.values import Absolute, Frozen, Inside, Name, Seconds, SecretFile

BACKUPS, STATE, LINKS, IMAGES = "backups", "state", "links", "images"
PACKAGES, COMMANDS = "packages", "commands"

ABOUT = {
    BACKUPS: "copies of the files that a deploy changes, beside them",
    STATE: "the same copies, in the state directory",
    LINKS: "each release in a directory of its own, behind a link that a deploy switches",
    IMAGES: "an image for each container, which a compose file or the file of a unit names",
    PACKAGES: "packages of Debian, whose archives are kept",
    COMMANDS: "commands that say which release is live, and bring the previous one back",
}
"""What each strategy is, in a line; `state` is where backups may be kept."""

KEEP = 3
"""Backup sets that are kept in the state directory, where nothing else is said."""

CURRENT = ("current",)
"""The link that most deploy tools switch."""

COMPOSE = ("compose.yaml",)
"""How compose itself would have its file called."""


class About(Frozen):
    """`[system]`: what is deployed, and where on the host: below one root, or in several places."""

    name: Name
    root: Absolute = ""
    roots: tuple[Absolute, ...] = ()
    state: Absolute
    user: str = ""
    suffix: Annotated[str, Field(pattern=r"^\.[A-Za-z0-9_.-]+$"), AfterValidator(own_suffix)] = (
        ".backup"
    )
    secrets: tuple[SecretFile, ...] = ()
    rto: Seconds = 900.0

    @property
    def within(self) -> tuple[str, ...]:
        """What the root is limited to, relative to it; empty for all of it."""
        return tuple(each.strip("/") for each in self.roots)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the system lies: its root, or several ones."""
        return self.roots or (self.root,)

    @property
    def where(self) -> str:
        """The same, for people."""
        return ", ".join(self.places)

    def path(self, name: str) -> str:
        """Return the absolute path of one that is relative to the root."""
        return str(PurePosixPath(self.root, name))


Package = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9+.-]+(:[a-z0-9-]+)?$")]
"""The name of a package, with its architecture where two are installed."""


Argv = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
"""A command as words, run without a shell."""


KeptBy = Literal["backups", "links", "images", "packages", "commands"]
"""How a previous release is kept."""


class ReleaseCommands(Frozen):
    """`[release.commands]`: what is run on the host, as words and without a shell.

    `look` prints which release is live, and nothing that changes by itself. `return` brings the
    previous release back, `undo` the failed one; `proves` exits with 0 where the previous one is
    live. `timeout` is for `look` and `proves`, `change_timeout` for `return` and `undo`. `user` is
    the account; without one it is whoever can change the program, or ours.
    """

    look: Argv
    return_: Annotated[Argv, Field(alias="return")]
    undo: Argv | None = None
    proves: Argv | None = None
    timeout: Seconds = 20.0
    change_timeout: Seconds = 300.0
    user: str = ""


def listed(value: object) -> object:
    """Return one command as a list of it."""
    is_one = isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value)
    return (value,) if is_one else value


Argvs = Annotated[
    tuple[Argv, ...], BeforeValidator(listed, json_schema_input_type=Argv | tuple[Argv, ...])
]
"""Commands, or one of them."""


class DatabaseMigrate(Frozen):
    """`[database.migrate]`: what migrates the database back, as words and without a shell.

    `down` runs in the tree of the live release, before its files are rolled back; `up` in the same
    tree, in an undo. Both run as the account of `component`, in the directory and with the
    environment of its unit; it may be left out where there is one component. `target` is the head
    that the previous release needs, where its files do not tell it. `timeout` is for each command.
    `files` are patterns of what they read below the root, beside migrations of tools that are
    known: once one of them is another one, what was rehearsed counts no more.
    """

    down: Annotated[Argvs, Field(min_length=1)]
    up: Argvs = ()
    component: Name | None = None
    target: str = ""
    files: tuple[Inside, ...] = ()
    timeout: Seconds = 300.0


class ReleaseTable(Frozen):
    """`[release]`: the strategy by which the previous release is kept and comes back.

    Components may have another one each, and what is set here is for all that share a strategy.
    `backups` is where backups of files are kept: beside them, or in the state directory, where no
    deploy deletes them and no package manager sees them. `keep` is how many releases back can be
    chosen then, how many releases the deploy tool keeps behind a link, or of how many records the
    archives of packages are kept. `links` are what a deploy
    switches, below the root; `besides` are patterns of files that the system writes into a
    release's directory. `images` are files below the root that name images. `packages` are what a
    deploy installs; `pool` is the directory in which their archives are kept, in the state
    directory where none is named, and `sources` are directories with archives. `commands` are run.
    """

    strategy: KeptBy = "backups"
    backups: Literal["beside", "state"] = "beside"
    links: tuple[Inside, ...] = ()
    keep: Annotated[int, Field(ge=1)] | None = None
    besides: tuple[str, ...] = ()
    images: tuple[Inside, ...] = ()
    packages: tuple[Package, ...] = ()
    pool: Absolute | None = None
    sources: tuple[Absolute, ...] = ()
    commands: ReleaseCommands | None = None

    @property
    def sets(self) -> int:
        """How many backup sets are kept in the state directory, 0 where they lie beside files."""
        return (self.keep or KEEP) if self.backups == "state" else 0

    @property
    def switched(self) -> tuple[str, ...]:
        """What a deploy switches, below the root: links, and files that name images; or nothing."""
        return (*self.links, *self.images)


class Fallback(Frozen):
    """`[fallback]`: the source of a file whose backup is missing."""

    git: Absolute | None = None


def usual(document: object) -> object:
    """Return a document with what most deploys switch, where it names a strategy alone."""
    if not isinstance(document, dict):
        return document
    release, components = document.get("release", {}), document.get("components", ())
    if not isinstance(release, dict) or not isinstance(components, (list, tuple)):
        return document
    named = {release.get("strategy")}
    named |= {each.get("strategy") for each in components if isinstance(each, dict)}
    known = {LINKS: CURRENT, IMAGES: COMPOSE}
    more = {key: paths for key, paths in known.items() if key in named and not release.get(key)}
    return {**document, "release": {**release, **more}} if more else document
