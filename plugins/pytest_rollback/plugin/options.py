"""The options and settings of a run; imports little, because every pytest session imports it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.errors import UsageError
from pytest_rollback.run.extras import Extras

if TYPE_CHECKING:
    import pytest

    from pytest_rollback.errors import RollbackError
    from pytest_rollback.run.extra_types import Given
    from pytest_rollback.run.options import RunOptions, SoakOptions


def declare(parser: pytest.Parser, parts: Extras) -> None:
    """Declare every option and setting."""
    parser.extra_info["HINT"] = (
        "pytest --help lists the options of pytest-rollback under 'rollback:'"
    )
    group = parser.getgroup("rollback")
    group.addoption(
        "--rollback-target", metavar="PATH", help="a rollback.toml, or 'sandbox', or 'machine'"
    )
    group.addoption("--arm", metavar="TARGET", help="allow changes on the target with this name")
    group.addoption("--dry-run", action="store_true", help="print the plan and change nothing")
    group.addoption("--isolate", action="store_true", help="drill: only stop the units")
    group.addoption(
        "--component",
        action="append",
        default=[],
        metavar="NAME",
        help="only this component; repeatable",
    )
    group.addoption("--incident", metavar="ID", help="the incident that the report belongs to")
    group.addoption(
        "--use-defaults",
        action="store_true",
        help="drill: replace broken configuration by its defaults, as a last resort",
    )
    group.addoption(
        "--despite",
        action="append",
        default=[],
        metavar="CRITERION",
        help="drill: go on although readiness refuses by this criterion; repeatable",
    )
    group.addoption("--live", action="store_true", help="drill: print each change as it happens")
    group.addoption("--soak", metavar="15m", help="monitor: how long to watch the system")
    declare_parts(group, parts)
    parser.addini("rollback_target", "the rollback.toml to use", default="rollback.toml")
    parser.addini("rollback_sandbox", "the folder of the sandbox's system", default="")
    parser.addini("rollback_reports", "where run folders are created", default="reports")
    parser.addini("rollback_door", "the command that runs pytest, as printed in hints")
    parser.addini(
        "rollback_soak_scale", "by which factor the monitor's clock runs faster", default="1"
    )


def declare_parts(group: pytest.OptionGroup, parts: Extras) -> None:
    """Declare the options of parts.

    Raises:
        UsageError: an option of this name is there already.
    """
    for each in parts.options:
        form = {"metavar": each.metavar} if each.metavar else {"action": "store_true"}
        try:
            group.addoption(each.name, help=each.help.replace("%", "%%"), **form)
        except ValueError as error:
            raise UsageError(
                f"a plugin adds the option {each.name}: {error}", hint="give it another name"
            ) from error


def reports(config: pytest.Config) -> Path:
    """Return where the folders of runs are made: the environment's word, else the setting's."""
    return Path(
        os.environ.get("ROLLBACK_REPORTS") or config.rootpath / config.getini("rollback_reports")
    ).absolute()


def extras(config: pytest.Config) -> Extras:
    """Return the parts that joined this session."""
    return Extras(config.hook)


def given(config: pytest.Config) -> Given:
    """Return the options of all parts by name."""
    listed = extras(config).options
    return {each.name: config.getoption(each.name, None) for each in listed}


def asked(config: pytest.Config) -> RunOptions:
    """Return what the command line says of the run.

    Raises:
        UsageError: an option cannot be read.
    """
    from pytest_rollback.run.options import RunOptions  # noqa: PLC0415 - only sessions with criteria pay

    said = given(config)
    extras(config).check(said)
    return RunOptions(
        arguments=tuple(map(str, config.invocation_params.args)),
        armed=config.getoption("--arm"),
        only=frozenset(config.getoption("--component")),
        defaults=config.getoption("--use-defaults"),
        dry=config.getoption("--dry-run"),
        isolate=config.getoption("--isolate"),
        despite=despite(config.getoption("--despite")),
        incident=config.getoption("--incident"),
        soak=soak(config),
        given=said,
        command=config.getini("rollback_door"),
    )


def despite(named: list[str]) -> frozenset[str]:
    """Return the criteria in spite of which a drill goes on.

    Raises:
        UsageError: one is none that a drill asks before it begins.
    """
    if named:
        from pytest_rollback.recovery.entry import CRITERIA  # noqa: PLC0415 - few drills need it

        unknown = sorted(set(named) - set(CRITERIA))
        if unknown:
            raise UsageError(
                f"--despite: a drill is not refused by {', '.join(unknown)}",
                hint=f"one of {', '.join(CRITERIA)}",
            )
    return frozenset(named)


def soak(config: pytest.Config) -> SoakOptions:
    """Return how long a monitor watches, and how fast its clock runs.

    Raises:
        UsageError: one of both cannot be read.
    """
    from pytest_rollback.run import options  # noqa: PLC0415 - only sessions with criteria pay

    seconds = options.value("--soak", config.getoption("--soak"), options.watched, "--soak=15m")
    name = "rollback_soak_scale"
    scale = options.value(name, config.getini(name), options.faster, f"-o {name}=100")
    return options.SoakOptions(seconds, scale or 1.0)


def refused(config: pytest.Config, error: RollbackError) -> int:
    """Return the exit code of a session that cannot begin; a part may print a line about it."""
    said = extras(config).refused(given(config), error.message)
    if said and said.line:
        sys.stdout.write(said.line + "\n")
    return int(error.exit_code if said is None or said.code is None else said.code)
