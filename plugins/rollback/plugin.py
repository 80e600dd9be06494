"""The pytest plugin: options and configuration; everything heavy is imported when it is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare what a run can be told."""
    group = parser.getgroup("rollback")
    group.addoption("--rollback-target", metavar="PATH|sandbox", help="the rollback.toml to use")
    parser.addini("rollback_target", "the rollback.toml to use, or sandbox", default="sandbox")
    parser.addini("rollback_sandbox", "the folder of the sandbox's system", default="")
