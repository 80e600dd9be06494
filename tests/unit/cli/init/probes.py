"""A probe for tests: an address that answered."""

from __future__ import annotations

from pytest_rollback.agent.messages.probes.sample import ProbeSpec
from pytest_rollback.cli.init.health import Health

URL = "http://localhost:80/health"


def health(asks: str = "") -> Health:
    """Return what is asked of a component, as it was found at an address."""
    return Health(ProbeSpec(url=URL), (("url", URL, "answered 200 now"),), asks)


def silent(asks: str) -> Health:
    """Return what is asked of a component that listens nowhere."""
    spec = ProbeSpec(command=("true",))
    return Health(spec, (("command", ("true",), "nothing listens"),), asks)
