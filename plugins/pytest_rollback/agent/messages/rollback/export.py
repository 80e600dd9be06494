"""What a run left on its host."""

from typing import Dict, NamedTuple, Tuple

from ...protocol import Route
from ..location import Location
from .snapshot import LoggedComponent


class ExportRequest(NamedTuple):
    """Asks for what a run left: `since` and `until` (epoch seconds) are those of the logs.

    `secrets` are files below the root that are named and stay on the host. Logs that are not
    described are where the run's snapshot found them; `socket` is that of their manager.
    """

    location: Location
    components: Tuple[LoggedComponent, ...]
    secrets: Tuple[str, ...]
    since: float
    until: float
    socket: str = ""


class Export(NamedTuple):
    """What a run left on its host.

    `journals` and `snapshot` are texts by file name, `logs` by component; `withheld` are names of
    secret files, `missing` says what could not be read and why.
    """

    journals: Dict[str, str]
    snapshot: Dict[str, str]
    logs: Dict[str, str]
    withheld: Tuple[str, ...]
    missing: Tuple[str, ...]


EXPORT = Route("exports.look", ExportRequest, Export)
