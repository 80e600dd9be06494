"""The options and settings of a run; imports little, because every pytest session imports it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_rollback.errors import RollbackError
    from pytest_rollback.run.options import IncidentOptions
    from pytest_rollback.run.run import Run


def declare(parser: pytest.Parser) -> None:
    """Declare every option and setting."""
    parser.extra_info["HINT"] = "pytest --help has our options under 'rollback:'"
    group = parser.getgroup("rollback")
    group.addoption(
        "--rollback-target", metavar="PATH", help="a rollback.toml, or 'sandbox', or 'machine'"
    )
    group.addoption("--arm", metavar="TARGET", help="allow changes on the target of this name")
    group.addoption("--dry-run", action="store_true", help="print the plan and change nothing")
    group.addoption(
        "--component", action="append", default=[], metavar="NAME", help="only this one; repeatable"
    )
    group.addoption("--incident", metavar="ID", help="the incident that the report belongs to")
    group.addoption("--scenario", metavar="NAME", help="how the sandbox's release turns bad")
    group.addoption(
        "--use-defaults",
        action="store_true",
        help="drill: replace configuration that stays broken by its defaults; the last resort",
    )
    group.addoption("--live", action="store_true", help="drill: tell each change as it happens")
    incident(group)
    parser.addini("rollback_target", "the rollback.toml to use", default="rollback.toml")
    parser.addini("rollback_sandbox", "the folder of the sandbox's system", default="")
    parser.addini("rollback_reports", "where each run's folder is made", default="reports")
    parser.addini("rollback_door", "the command that runs pytest, to be told as the way on")
    parser.addini("rollback_soak_scale", "how much faster a monitor's clock runs", default="1")


def reports(config: pytest.Config) -> Path:
    """Return where the folders of runs are made: the environment's word, else the setting's."""
    return Path(
        os.environ.get("ROLLBACK_REPORTS") or config.rootpath / config.getini("rollback_reports")
    ).absolute()


def incident(group: pytest.OptionGroup) -> None:
    """Declare what only people know, how long is watched, and for which machines is written."""
    group.addoption("--impact", metavar="30%", help="triage: the share of users affected")
    group.addoption("--downtime", metavar="4m", help="triage: how long users have been without")
    group.addoption("--security", action="store_true", help="triage: a vulnerability was found")
    group.addoption(
        "--data-corruption", action="store_true", help="triage: data was found corrupt or lost"
    )
    group.addoption(
        "--notify-test", action="store_true", help="readiness: send a test message by every channel"
    )
    group.addoption("--soak", metavar="15m", help="monitor: how long the system is watched")
    group.addoption(
        "--rollback-format",
        metavar="json:PATH,prometheus:PATH,nagios",
        help="also write the result for machines; nagios prints one line and ends with 0 to 3",
    )


def incident_options(config: pytest.Config) -> IncidentOptions:
    """Return what the options say of the incident.

    Raises:
        UsageError: one of them cannot be read.
    """
    from pytest_rollback.checks.triage import Stated  # noqa: PLC0415 - only sessions with criteria pay
    from pytest_rollback.manifest.values import seconds  # noqa: PLC0415
    from pytest_rollback.run import options  # noqa: PLC0415
    from pytest_rollback.run.formats import wanted  # noqa: PLC0415

    option, value = config.getoption, options.value
    stated = Stated(
        impact=value("--impact", option("--impact"), options.affected, "--impact=30%"),
        downtime=value("--downtime", option("--downtime"), seconds, "--downtime=4m"),
        security=option("--security"),
        corruption=option("--data-corruption"),
    )
    soak = value("--soak", option("--soak"), options.watched, "--soak=15m")
    given = config.getini("rollback_soak_scale")
    scale = value("rollback_soak_scale", given, options.faster, "-o rollback_soak_scale=100")
    return options.IncidentOptions(stated, soak, scale or 1.0, wanted(option("--rollback-format")))


def tell_machines(config: pytest.Config, run: Run) -> None:
    """Have the session write its result for other machines as well."""
    from pytest_rollback.plugin.machine_formats import Machines  # noqa: PLC0415 - only sessions with criteria pay

    config.pluginmanager.register(Machines(config, run, run.asked.told.formats))


def refused(config: pytest.Config, error: RollbackError) -> int:
    """Return the exit code of a session that cannot begin; for Nagios also print its line."""
    from pytest_rollback.run.formats import UNKNOWN, refuse  # noqa: PLC0415 - only a refusal pays for it

    nagios = refuse(config.getoption("--rollback-format"), error.message)
    return UNKNOWN if nagios else int(error.exit_code)
