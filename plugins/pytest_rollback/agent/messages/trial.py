"""Would the restored tree work: compiled, imported and constructed in fresh processes."""

from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Location
from .services.units import ManagerAddress

NO_PYTHON = "the Python of its unit cannot be told: set interpreter"
"""Why nothing of a component is tried that is down, where only its process would tell."""


class TrialConstruct(NamedTuple):
    """One call that has to work: `package.module:Name`.

    `arguments` are its keyword arguments as a JSON object, `limit` the seconds that it may take.
    """

    call: str
    arguments: str
    limit: float


class TrialComponent(NamedTuple):
    """What is tried of a component, and in which surroundings.

    Its unit's files say how it runs; what is given here stands above them. `interpreter` is "" and
    `directory` None where nothing is given; `directory` and `environment_files` are relative to
    the root. `imports` are modules, or `module:name`; `logs` are where
    its log is looked for.
    """

    name: str
    interpreter: str
    directory: Optional[str]
    environment: Dict[str, str]
    environment_files: Tuple[str, ...]
    imports: Tuple[str, ...]
    constructs: Tuple[TrialConstruct, ...]
    unit: str = ""
    logs: Tuple[str, ...] = ()


class UnitSources(NamedTuple):
    """Where the files of units come from: the manager, and the release's directory of them.

    `source` is below the root, None where a release has no unit files; `directory` is where they
    are installed.
    """

    manager: ManagerAddress
    source: Optional[str]
    directory: str


class TrialRequest(NamedTuple):
    """Which components are tried, as which user, and the seconds for all of them.

    `live` tries the live tree as it is and compiles nothing. Otherwise the tree is tried as it
    would be after a rollback; `files` and `added` are those of the record where `files` is None.
    `units` are None where nothing is known of unit files; `secrets` are restored for their owner.
    `git` is the repository that gives what has no usable backup, None where none is asked. `pool`
    is where the archives of packages are kept that come back, "" where there are none.
    """

    location: Location
    user: str
    timeout: float
    components: Tuple[TrialComponent, ...]
    live: bool = False
    files: Optional[Tuple[str, ...]] = None
    added: Tuple[str, ...] = ()
    units: Optional[UnitSources] = None
    secrets: Tuple[str, ...] = ()
    git: Optional[str] = None
    pool: str = ""


class ConstructTrial(NamedTuple):
    """What became of one call: milliseconds of the first one, the best of the next, their limit.

    Without a time it failed; `problem` is None where it worked within its limit.
    """

    call: str
    ms: Optional[float]
    first_ms: Optional[float]
    limit_ms: float
    problem: Optional[str]


class UnitUse(NamedTuple):
    """How a component's unit will run, by its files; names of variables, and never a value.

    `why` is "" or says why nothing is known. `contradicts` is what rollback.toml says otherwise,
    `missing` what the unit refers to that is not there, `ignored` lines that set nothing, `gaps`
    what the files cannot tell or the running process has otherwise. `strays` are files of the unit
    that changed since the backup set was saved, and that a rollback leaves as they are. `ports` are
    TCP ports on which its running process listens.
    """

    why: str = ""
    files: Tuple[str, ...] = ()
    user: str = ""
    groups: Tuple[str, ...] = ()
    directory: str = ""
    interpreter: str = ""
    variables: Tuple[str, ...] = ()
    environment_files: Tuple[str, ...] = ()
    log: str = ""
    contradicts: Tuple[str, ...] = ()
    missing: Tuple[str, ...] = ()
    ignored: Tuple[str, ...] = ()
    gaps: Tuple[str, ...] = ()
    strays: Tuple[str, ...] = ()
    ports: Tuple[int, ...] = ()


class ComponentTrial(NamedTuple):
    """What became of a component: for each import why it fails, None where it does not.

    `shadow` is why a library would load a module of no release when the unit starts, "" where none
    would.
    """

    imports: Dict[str, Optional[str]]
    constructs: Tuple[ConstructTrial, ...]
    use: UnitUse = UnitUse()
    shadow: str = ""


class Trial(NamedTuple):
    """What does not work in a tree.

    `compiles` are sources that do not compile, with the reason, of `compiled` that were tried;
    `faults` are files that could not be put into the tree, with the reason.
    """

    compiles: Dict[str, str]
    compiled: int
    components: Dict[str, ComponentTrial]
    faults: Dict[str, str]


TRIAL = Route("trial.look", TrialRequest, Trial)
ENTRY = Route("trial.entry", TrialRequest, Trial)
OF_PACKAGES = Route("packages.trial", TrialRequest, Trial)


def route(request: TrialRequest, usual: Route[TrialRequest, Trial]) -> Route[TrialRequest, Trial]:
    """Return where a request goes: where packages come back, to what unpacks their archives."""
    return OF_PACKAGES if request.pool else usual
