"""The options and settings of a run; imports little, because every pytest session imports it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_rollback.errors import UsageError
from pytest_rollback.run.command_line.arguments import Once, Repeated
from pytest_rollback.run.extra_types import ExtraOption
from pytest_rollback.run.extras import Extras
from pytest_rollback.text.places import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_rollback.errors import RollbackError
    from pytest_rollback.run.extra_types import Given
    from pytest_rollback.run.options import RunOptions, SoakOptions


OWN = (
    ExtraOption("--rollback-target", "a rollback.toml, or 'sandbox', or 'machine'", "PATH"),
    ExtraOption("--arm", "allow changes on the target with this name", "TARGET"),
    ExtraOption(
        "--accept-loss",
        "accept that users lose so much of what they wrote; or rows, such as 412rows",
        "79m",
    ),
    ExtraOption("--dry-run", "print the plan and change nothing"),
    ExtraOption("--isolate", "drill: only stop the units"),
    ExtraOption("--component", "only this component; repeatable", "NAME"),
    ExtraOption("--incident", "the incident that the report belongs to", "ID"),
    ExtraOption(
        "--use-defaults", "drill: replace broken configuration by its defaults, as a last resort"
    ),
    ExtraOption(
        "--despite",
        "drill: go on although readiness refuses by this criterion; repeatable",
        "CRITERION",
    ),
    ExtraOption("--live", "drill: print each change as it happens", setting=True),
    ExtraOption("--soak", "monitor: how long to watch the system", "15m"),
)
"""The options of the core."""


def declared(parts: Extras) -> tuple[ExtraOption, ...]:
    """Return every option: those of the core and of all parts."""
    return (*OWN, *parts.options)


REPEATABLE = {"--component", "--despite"}
PREFIX = "--rollback-"


def declare(parser: pytest.Parser, parts: Extras) -> None:
    """Declare every option under a name of our own, and every setting.

    Raises:
        UsageError: a plugin has an option of this name already.
    """
    parser.extra_info["HINT"] = (
        "pytest --help lists the options of pytest-rollback under 'rollback:'"
    )
    group = parser.getgroup("rollback")
    for each in declared(parts):
        add(group, each, long(each.name))
        if each.setting:
            kind: Any = "string" if each.metavar else "bool"
            parser.addini(dest(each.name), f"the option {long(each.name)}", kind)
    parser.addini("rollback_target", "the rollback.toml to use, or 'sandbox', or 'machine'")
    parser.addini("rollback_sandbox", "the folder of the sandbox's system", default="")
    parser.addini("rollback_reports", "where run folders are created", default="")
    parser.addini("rollback_door", "the command that runs pytest, as printed in hints")
    parser.addini(
        "rollback_soak_scale", "by which factor the monitor's clock runs faster", default="1"
    )


def shorten(parser: pytest.Parser, parts: Extras) -> None:
    """Declare options under their short names as well, such as `--arm`, where these are free.

    Only for sessions with criteria, and after every conftest and plugin: theirs have precedence.
    """
    group = parser.getgroup("rollback")
    for each in declared(parts):
        if each.name != long(each.name):
            with contextlib.suppress(UsageError):  # taken: the long name works
                add(group, each, each.name)


def add(group: pytest.OptionGroup, option: ExtraOption, name: str) -> None:
    """Declare one option under one name.

    Raises:
        UsageError: an option of this name is there already.
    """
    form: dict[str, Any] = {"action": "store_true"}
    if option.metavar:
        kind = Repeated if option.name in REPEATABLE else Once
        form = {"metavar": option.metavar, "action": kind}
    about = (
        option.help
        if name == option.name
        else f"the same, where a plugin of yours has {option.name}"
    )
    try:
        group.addoption(name, dest=dest(option.name), help=about.replace("%", "%%"), **form)
    except (ValueError, argparse.ArgumentError) as error:
        raise UsageError(
            f"a plugin adds the option {option.name}: {error}", hint="give it another name"
        ) from error


def long(name: str) -> str:
    """Return the name that nobody else gives to an option of theirs."""
    return name if name.startswith(PREFIX) else PREFIX + name.removeprefix("--")


def dest(name: str) -> str:
    """Return under which name pytest keeps the value of an option."""
    return long(name).removeprefix("--").replace("-", "_")


def value(config: pytest.Config, name: str) -> Any:  # noqa: ANN401 - a text, a list or a flag
    """Return the value of an option of ours, else that of its setting.

    It is None where it was not given, and where its part is not there.
    """
    found = config.getoption(dest(name), None)
    with contextlib.suppress(ValueError):  # most options are no settings
        return found or config.getini(dest(name)) or found
    return found


def target(config: pytest.Config) -> str:
    """Return the target that the command line names, else a setting; paths are those to open."""
    given, setting = config.getoption("rollback_target"), config.getini("rollback_target")
    if given or not setting:
        return str(given or MANIFEST)
    return str(setting if setting in extras(config).practice else config.rootpath / setting)


def reports(config: pytest.Config, folder: Path) -> Path:
    """Return where the folders of runs are made: the environment's word, else the setting's.

    Without both it is `reports` in the folder of the rollback.toml.
    """
    given, setting = os.environ.get("ROLLBACK_REPORTS"), config.getini("rollback_reports")
    where = config.rootpath / setting if setting else folder / "reports"
    return (Path(given) if given else where).absolute()


def extras(config: pytest.Config) -> Extras:
    """Return the parts that joined this session."""
    return Extras(config.hook)


def given(config: pytest.Config) -> Given:
    """Return the options of all parts by name."""
    listed = extras(config).options
    return {each.name: value(config, each.name) for each in listed}


def asked(config: pytest.Config) -> RunOptions:
    """Return what the command line says of the run.

    Raises:
        UsageError: an option cannot be read.
    """
    from pytest_rollback.agent.system.masking.shapes import masked  # noqa: PLC0415
    from pytest_rollback.run.options import RunOptions, lost  # noqa: PLC0415 - only sessions with criteria pay

    said = given(config)
    extras(config).check(said)
    return RunOptions(
        arguments=tuple(masked(str(word)) for word in config.invocation_params.args),
        armed=value(config, "--arm"),
        accepted=lost(value(config, "--accept-loss")),
        only=frozenset(value(config, "--component") or ()),
        defaults=bool(value(config, "--use-defaults")),
        dry=bool(value(config, "--dry-run")),
        isolate=bool(value(config, "--isolate")),
        despite=despite(value(config, "--despite") or ()),
        incident=masked(value(config, "--incident") or "") or None,
        soak=soak(config),
        given=said,
        command=config.getini("rollback_door"),
    )


def despite(named: Iterable[str]) -> frozenset[str]:
    """Return the criteria in spite of which a drill goes on.

    Raises:
        UsageError: one is none that a drill asks before it begins.
    """
    if not named:
        return frozenset()
    from pytest_rollback.recovery.entry import overruled  # noqa: PLC0415 - few drills need it

    return overruled(named)


def soak(config: pytest.Config) -> SoakOptions:
    """Return how long a monitor watches, and how fast its clock runs.

    Raises:
        UsageError: one of both cannot be read.
    """
    from pytest_rollback.run import options  # noqa: PLC0415 - only sessions with criteria pay

    seconds = options.value("--soak", value(config, "--soak"), options.watched, "--soak=15m")
    name = "rollback_soak_scale"
    scale = options.value(name, config.getini(name), options.faster, f"-o {name}=100")
    return options.SoakOptions(seconds, scale or 1.0)


def refused(config: pytest.Config, error: RollbackError) -> int:
    """Return the exit code of a session that cannot begin; a part may print a line about it."""
    from pytest_rollback.agent.system.masking.shapes import masked  # noqa: PLC0415

    said = extras(config).refused(given(config), error.message)
    if said and said.line:
        sys.stdout.write(masked(said.line) + "\n")
    return int(error.exit_code if said is None or said.code is None else said.code)
