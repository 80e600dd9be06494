"""What `rollback.toml` describes, as frozen data: a system, its components, how to look at them.

Values are those of `values.py`. Paths are relative to the system's root; absolute ones say so.
"""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from pytest_rollback.agent.services.registry import MANAGERS
from pytest_rollback.manifest.contacts import Contact, Notify
from pytest_rollback.manifest.fleet import Fleet
from pytest_rollback.manifest.probes import Maintenance, Probe, Url
from pytest_rollback.manifest.refused import (
    migrating,
    misplaced,
    name_of_component,
)
from pytest_rollback.manifest.release import (
    About,
    DatabaseMigrate,
    Fallback,
    KeptBy,
    ReleaseTable,
    usual,
)
from pytest_rollback.manifest.thresholds import (
    DatabaseRehearsal,
    Drills,
    EngineTable,
    Logs,
    Monitor,
    Triage,
)
from pytest_rollback.manifest.values import (
    Absolute,
    DataReturn,
    Day,
    EnvironmentFile,
    Frozen,
    Inside,
    LogPlaces,
    Name,
    Pattern,
    Phase,
    Port,
    Seconds,
    Unit,
    inside,
)
from pytest_rollback.text.entry_points import managers

if TYPE_CHECKING:
    ManagerName = str
else:  # mypy takes no literal that is made of other values
    ManagerName = Literal[(*MANAGERS, *managers())]

CONNECTION = r"^(local|ssh|podman|docker|ansible)://(([^-@\s][^@\s]*@)?[^-@\s][^@?]*(\?.*)?)?$"
"""A name that begins with "-" would be an option of the program that goes there."""


class Target(Frozen):
    """`[target]`: where the system runs, and how to reach it."""

    name: Name
    connection: Annotated[str, Field(pattern=CONNECTION)]
    sudo: bool = False
    python: str = "python3"


class Services(Frozen):
    """`[services]`: the service manager, and the directories of unit files."""

    manager: ManagerName = "systemd"
    source: Inside | None = None
    directory: Absolute = "/etc/systemd/system"
    socket: Absolute | None = None
    project: Absolute | None = None

    @property
    def reached(self) -> str | None:
        """Where the manager is reached: its socket, or the file of a project."""
        return self.project or self.socket

    @model_validator(mode="before")
    @classmethod
    def _of_a_project(cls, given: object) -> object:
        """Take the directory of a project for that of its units."""
        if not isinstance(given, dict) or given.get("manager") != "compose":
            return given
        project = given.get("project")
        place = {"directory": str(PurePosixPath(project).parent)} if project else {}
        return {**place, **given}

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Services:
        """Refuse keys that the manager has no use for, and a project without its file."""
        if (self.manager == "compose") != bool(self.project):
            raise ValueError(
                'manager = "compose" and project, the path of the compose file, go together'
            )
        if self.manager == "compose" and (self.source or self.socket):
            raise ValueError(
                "with a project there is no source and no socket: the compose file is saved like "
                "any file of the release"
            )
        return self


class Budgets(Frozen):
    """`[budgets]`: the time limit of each phase."""

    prepare: Seconds = 120.0
    isolate: Seconds = 180.0
    files: Seconds = 420.0
    configuration: Seconds = 180.0
    services: Seconds = 300.0
    validate_: Seconds = Field(default=120.0, alias="validate")

    def of(self, phase: Phase) -> float:
        """Return the seconds that the phase may take."""
        return float(getattr(self, "validate_" if phase == "validate" else phase))


class Construct(Frozen):
    """One call that must work in a new process, within its limit: `package.module:Name`."""

    call: Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")]
    arguments: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it
    limit: Seconds = 0.1


class Component(Frozen):
    """`[[components]]`: one unit, some files, some imports, some probes. Listed in start order."""

    name: Annotated[Name, AfterValidator(name_of_component)]
    unit: Unit
    required: bool = True
    strategy: KeptBy | None = None
    files: tuple[str, ...] = ()
    imports: tuple[Annotated[str, Field(pattern=r"^[\w.]+(:[\w.]+)?$")], ...] = ()
    constructs: tuple[Construct, ...] = ()
    health: Name
    requests: tuple[Name, ...] = ()
    listens: tuple[Port, ...] = ()
    interpreter: str = ""
    directory: (
        Annotated[str, AfterValidator(lambda path: path if path == "." else inside(path))] | None
    ) = None
    environment: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    environment_files: tuple[EnvironmentFile, ...] = ()
    log: LogPlaces = ()
    start: Seconds = 30.0
    stop: Seconds = 15.0
    settle: Seconds = 3.0
    _usual: str = PrivateAttr("")

    def see_logs(self) -> str:
        """Return the command that shows the end of its logs."""
        if not self.log:
            return self._usual or f"journalctl -eu {self.unit}"
        files = " ".join(place for place in self.log if place != "journal")
        shown = [f"journalctl -eu {self.unit}"] if "journal" in self.log else []
        return "; ".join([*shown, *([f"tail -n 50 {files}"] if files else [])])


class Configuration(Frozen):
    """`[configuration]`: the files of the configuration phase, and the defaults of last resort."""

    files: tuple[Inside, ...] = ()
    defaults: Inside | None = None


class Edge(Frozen):
    """`[edge]`: the URL that users reach, and its expected answer."""

    url: Url
    method: Literal["GET", "HEAD", "POST"] = "GET"
    status: int = 200
    body: Pattern = ""
    timeout: Seconds = 2.0
    interval: Seconds = 0.1


class Database(EngineTable):
    """`[database]`: the system's database, its dump, and what a rollback does to its data."""

    engine: Literal["postgresql", "mariadb", "sqlite"] = "postgresql"
    name: str
    dump: Absolute
    return_: Annotated[DataReturn, Field(alias="return")] = "keep"
    host: str = "/var/run/postgresql"
    port: Port = 5432
    user: str = ""
    tools: str = ""
    rehearsal: DatabaseRehearsal = DatabaseRehearsal()
    migrate: DatabaseMigrate | None = None

    @property
    def restores(self) -> bool:
        """Whether a rollback makes the database of the dump the live one."""
        return self.return_ == "restore"

    @property
    def migrates(self) -> bool:
        """Whether a rollback takes migrations back; commands may be named for an undo alone."""
        return self.return_ == "migrate"

    @model_validator(mode="after")
    def _is_where_its_engine_has_it(self) -> Database:
        """Refuse a file that is no path, and a server for it."""
        given = self.model_fields_set | self.rehearsal.model_fields_set & {"previous"}
        misplaced(self.engine, self.name, given)
        migrating(self.return_, self.engine, named=self.migrate is not None)
        return self


class Runbook(Frozen):
    """`[runbook]`: the written procedure, a file where pytest runs, not on the host."""

    path: Annotated[str, Field(min_length=1)]


class Waiver(Frozen):
    """`[[waivers]]`: one criterion that may fail until a day, with who decided it and why."""

    criterion: Annotated[str, Field(pattern=r"^[a-z]+(\.[a-z_]+){2}$")]
    component: Name | None = None
    owner: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    until: Day


class System(Frozen):
    """One `rollback.toml`: a system at a target."""

    about: About = Field(alias="system")
    target: Target
    services: Services = Services()
    release: ReleaseTable = ReleaseTable()
    budgets: Budgets = Budgets()
    components: Annotated[tuple[Component, ...], Field(min_length=1)]
    probes: dict[Name, Probe]
    configuration: Configuration = Configuration()
    edge: Edge | None = None
    maintenance: Maintenance | None = None
    database: Database | None = None
    logs: Logs = Logs()
    fallback: Fallback = Fallback()
    drills: Drills = Drills()
    runbook: Runbook | None = None
    triage: Triage = Triage()
    monitor: Monitor = Monitor()
    waivers: tuple[Waiver, ...] = ()
    notify: Notify | None = None
    contacts: tuple[Contact, ...] = ()
    fleet: Fleet | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: object) -> object:
        """Name what most deploys switch, where a strategy needs it and nothing is named."""
        return usual(given)

    @model_validator(mode="after")
    def _told_by_the_manager(self) -> System:
        """Tell components without a log by which command their manager shows it."""
        if self.services.manager == "supervisord":
            socket = self.services.socket
            where = f" -s {shlex.quote(f'unix://{socket}')}" if socket else ""
            for each in self.components:
                each._usual = f"supervisorctl{where} tail {shlex.quote(each.unit)}"  # noqa: SLF001
        if self.services.project:
            told = f"-f {shlex.quote(self.services.project)} logs --tail 50"
            names = ("podman-compose", "docker compose")
            for each in self.components:
                both = (f"{name} {told} {each.unit}" for name in names)
                each._usual = " || ".join(both)  # noqa: SLF001
        return self
