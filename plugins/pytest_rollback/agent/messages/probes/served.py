"""What users get at the edge, beside what the components themselves answer."""

from typing import Dict, NamedTuple, Tuple

from ...protocol import Route
from ..location import Location
from .sample import ProbeSpec


class ServedRequest(NamedTuple):
    """The edge, asked as users do and past caches, and probes of what may be behind it.

    `direct` are by the component's name.
    """

    location: Location
    edge: Tuple[ProbeSpec, ...]
    direct: Dict[str, ProbeSpec]


class Served(NamedTuple):
    """What the edge serves that is not of the restored system: a line each, nothing where it is.

    `compared` are the components whose answer tells which release it is, and is that of the edge
    but for the release.
    """

    findings: Tuple[str, ...] = ()
    compared: Tuple[str, ...] = ()


SERVED = Route("edge.served", ServedRequest, Served)
