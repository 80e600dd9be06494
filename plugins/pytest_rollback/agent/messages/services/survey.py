"""A host that nobody has described yet: its units, what they run, and what stands before them."""

from typing import NamedTuple, Optional, Tuple

from ...protocol import Route


class SurveyRequest(NamedTuple):
    """Units by name, where only those are meant, and a root, where only what is of it is.

    `roots` are further ones: what is of one of them is meant.

    `others` asks for everything else beside the named units, as if none was named.
    """

    units: Tuple[str, ...] = ()
    root: str = ""
    others: bool = False
    roots: Tuple[str, ...] = ()

    @property
    def places(self) -> Tuple[str, ...]:
        """All roots; empty where everything is meant."""
        return tuple(filter(None, (self.root, *self.roots)))


class NamedDatabase(NamedTuple):
    """A database that a unit is told of by a variable; its password is left on the host.

    `where` is what has the variable: `its environment`, or the path of a file.
    """

    variable: str
    where: str
    kind: str
    host: str = ""
    port: int = 0
    name: str = ""
    user: str = ""


class VariablesFile(NamedTuple):
    """A file that a unit reads its variables from, and the names of those that hold secrets.

    `by_script` is whether only a script says so which starts it, `exported` whether that hands all
    of them on.
    """

    path: str
    seen: str
    secrets: Tuple[str, ...] = ()
    by_script: bool = False
    exported: bool = False


class SwitchedLink(NamedTuple):
    """A link that names the live one of several releases.

    `place` is the real path of that, `releases` the number of directories beside it and itself.
    `environment` is a virtual environment of Python in it, "." where it is one itself, and `astray`
    why programs of that run another one.
    """

    link: str
    place: str
    releases: int
    seen: str
    environment: str = ""
    astray: str = ""


class OwningPackage(NamedTuple):
    """A package of Debian that brought a unit: its name and version, and what it has of the unit.

    `beside` are packages of the same source that are installed as well.
    """

    name: str
    version: str
    seen: str
    beside: Tuple[str, ...] = ()


class UnitContainer(NamedTuple):
    """The container of a unit of systemd.

    `file` is the real path of the unit's own file. `reference` is the name by which its image was
    asked for, "" where none runs, `pinned` the same by digest where that is a tag and one is known.
    `files` are those that name it, as real paths. `why` is why a rollback could not bring it back,
    "" where nothing speaks against it.
    """

    engine: str
    file: str = ""
    reference: str = ""
    pinned: str = ""
    files: Tuple[str, ...] = ()
    why: str = ""


class SurveyedUnit(NamedTuple):
    """One unit of a service manager, and what is of it on the host.

    `name` is what `[[components]]` calls it. `socket` is that of supervisord, `socket_file` the
    configuration that names it. `files` are those that define it, its own first. `places` are
    directories and programs that show where it lives, the likeliest first, each with where that was
    seen. `ports` are those that its processes listen
    on, `sockets` the unix sockets. `after` are units that have to be up before it, `order` is the
    priority that supervisord has for it. `started_by` are the programs and scripts of its command,
    `imports` modules that it runs. `unhandled` is why a rollback cannot handle it. `log` is where
    it writes; nothing where its files do not tell. `unseen` is whether its open sockets
    are not for us to see; `likely` are ports on which it seems to listen then, each with why.
    `links` are those by which it goes to the release that is live, `packages` those of Debian that
    brought it. `asked` is a command that says how it is, where its manager has one of its own, and
    `health_after` the seconds until its engine has asked for its health.
    Of compose, `socket` is the path of the file of the project, and `runs` an image, as it is of a
    unit with a `container`.
    """

    name: str
    manager: str
    state: str
    socket: str = ""
    socket_file: str = ""
    files: Tuple[str, ...] = ()
    places: Tuple[Tuple[str, str], ...] = ()
    directory: str = ""
    runs: str = ""
    started_by: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()
    sockets: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    order: int = 0
    imports: Tuple[str, ...] = ()
    log: Tuple[str, ...] = ()
    variables: Tuple[VariablesFile, ...] = ()
    databases: Tuple[NamedDatabase, ...] = ()
    unhandled: str = ""
    unseen: bool = False
    likely: Tuple[Tuple[int, str], ...] = ()
    links: Tuple[SwitchedLink, ...] = ()
    packages: Tuple[OwningPackage, ...] = ()
    asked: Tuple[str, ...] = ()
    health_after: float = 0.0
    container: Optional[UnitContainer] = None


class GitCheckout(NamedTuple):
    """A git working tree that units live in: its directory, what is checked out, and its releases.

    `releases` are tags, the newest first; `commits` the last two commits, for a tree without tags.
    `problem` is why git does not tell.
    """

    top: str
    head: str = ""
    tag: str = ""
    releases: Tuple[str, ...] = ()
    commits: Tuple[str, ...] = ()
    problem: str = ""


class ProxySite(NamedTuple):
    """One site of a reverse proxy: the file that has it, where users ask, and where it passes to.

    `passes` are `host:port` or the path of a unix socket. `page` is the file whose existence shows
    the maintenance page, `status` what is answered then.
    """

    program: str
    file: str
    url: str
    names: Tuple[str, ...]
    passes: Tuple[str, ...]
    page: str = ""
    status: int = 0


class Survey(NamedTuple):
    """What is on a host. `root` says whether we are root there, `host` is its name.

    `unread` is what could not be looked at, a line each. `tools` are programs that are there.
    `kept` are directories below the trees of units that hold files of their names, and `owned`
    those that a package manager writes, each with what it does.
    """

    host: str
    root: bool
    units: Tuple[SurveyedUnit, ...]
    checkouts: Tuple[GitCheckout, ...] = ()
    proxies: Tuple[ProxySite, ...] = ()
    kept: Tuple[Tuple[str, str], ...] = ()
    owned: Tuple[Tuple[str, str], ...] = ()
    tools: Tuple[str, ...] = ()
    unread: Tuple[str, ...] = ()


SURVEY = Route("survey.look", SurveyRequest, Survey)
