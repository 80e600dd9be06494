"""Configuration and unit files: can they be read by the programs that read them?"""

import re
from typing import Dict, NamedTuple, Optional, Tuple

from ..protocol import Route
from .location import Location

PART = re.compile(r"[^\s.][ \t]*\.(?=[ \t]*[^\s.])")
END = re.compile(r"[\n={},#]")
DEEPEST = 200
"""Parts of a key of TOML; nobody writes that many, and `tomllib` takes time with their square."""


def is_too_deep(text: str) -> bool:
    """Return whether a TOML document has a key of more parts than are read."""
    return any(len(PART.findall(piece)) > DEEPEST for piece in END.split(text))


class ConfigurationRequest(NamedTuple):
    """Which files are checked, as a rollback would leave them.

    `files` are relative to the root; recorded unit files below `source` are checked as well.
    `verifier` is the program of the service manager that checks unit files, "" where it has none;
    `units` are the names of the system's units, `manager` that of their service manager, and
    `directory` where their files are installed. `pool` is where the archives of packages are kept
    that come back, "" where there are none.
    """

    location: Location
    files: Tuple[str, ...]
    source: Optional[str]
    verifier: str
    units: Tuple[str, ...]
    manager: str = ""
    directory: str = ""
    pool: str = ""


class ConfigurationFaults(NamedTuple):
    """What is wrong with each file: a line and the kind of mistake, never a value.

    None for a file with which nothing is wrong. `warnings` are lines that its reader ignores.
    """

    faults: Dict[str, Optional[str]]
    warnings: Dict[str, Tuple[str, ...]] = {}  # noqa: RUF012 - never changed: see _replace


CONFIGURATION = Route("configuration.look", ConfigurationRequest, ConfigurationFaults)
OF_PACKAGES = Route("packages.configuration", ConfigurationRequest, ConfigurationFaults)


def route(request: ConfigurationRequest) -> Route[ConfigurationRequest, ConfigurationFaults]:
    """Return where a request goes: where packages come back, to what unpacks their archives."""
    return OF_PACKAGES if request.pool else CONFIGURATION
