"""When the line ticks that stands below what pytest prints.

Workers of pytest-xdist show nothing: their output goes to the controller. Sessions import this
before all that criteria need, so that something is shown within the first second.
"""

from __future__ import annotations

import os

import pytest

from pytest_rollback.progress.activity import PROGRESS
from pytest_rollback.progress.ticker import TICKER

WORKER = "PYTEST_XDIST_WORKER"
"""The variable that tells a worker of pytest-xdist, and all that it starts, its name."""


def begin_early(config: pytest.Config) -> None:
    """Begin to tick before anything else, where this is for sure no worker."""
    if WORKER not in os.environ:
        begin(config)


def begin(config: pytest.Config) -> None:
    """Begin to tick, until the session's configuration ends."""
    if hasattr(config, "workerinput"):
        return
    PROGRESS.anew()
    PROGRESS.current = "begins"
    TICKER.start(eager=True)
    config.add_cleanup(TICKER.stop)
