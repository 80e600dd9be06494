"""The run of a session: made when it is first asked for, with the hooks that attend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.plugin import options
from pytest_rollback.plugin.stash import RUN, SANDBOX

if TYPE_CHECKING:
    from pytest_rollback.manifest.load import Loaded
    from pytest_rollback.run.run import Run

SANDBOXES = {"sandbox", "machine"}  # targets that are started for a session


def run_of(config: pytest.Config) -> Run:
    """Return the run of this session; the manifest is read when it is first asked for.

    Raises:
        RollbackError: the manifest or an option cannot be used, or the sandbox does not come up.
    """
    if RUN not in config.stash:
        from pytest_rollback.manifest.load import load  # noqa: PLC0415 - only sessions with criteria pay for it
        from pytest_rollback.plugin.criteria_hooks import CriteriaHooks  # noqa: PLC0415
        from pytest_rollback.run.options import RunOptions  # noqa: PLC0415
        from pytest_rollback.run.run import Run  # noqa: PLC0415

        handed = getattr(config, "workerinput", {}).get("rollback", {})
        named = config.getoption("--rollback-target") or config.getini("rollback_target")
        path = config.invocation_params.dir / handed.get("manifest", named)
        said = options.incident_options(config)
        loaded = load(path) if handed or named not in SANDBOXES else _sandbox(config, named)
        asked = RunOptions(
            words=tuple(map(str, config.invocation_params.args)),
            armed=config.getoption("--arm"),
            only=frozenset(config.getoption("--component")),
            defaults=config.getoption("--use-defaults"),
            dry=config.getoption("--dry-run"),
            incident=config.getoption("--incident"),
            told=said,
            door=config.getini("rollback_door"),
        )
        run = config.stash[RUN] = Run(
            loaded,
            asked,
            reports=options.reports(config),
            demonstration=handed.get("demonstration", named in SANDBOXES),
            fleeting=SANDBOX in config.stash and config.stash[SANDBOX].owned,
            identity=handed.get("identity", ""),
        )
        config.pluginmanager.register(CriteriaHooks(config, run), "rollback-criteria")
    return config.stash[RUN]


def _sandbox(config: pytest.Config, kind: str) -> Loaded:
    """Return the description of the sandbox, which is up afterwards unless only collecting."""
    folder = config.rootpath / config.getini("rollback_sandbox")
    try:
        from pytest_rollback.sandbox.target import Sandbox, sketch  # noqa: PLC0415 - needs more packages
    except ModuleNotFoundError as error:
        raise UsageError(
            f"the sandbox needs {error.name}, which is not installed",
            hint="pip install 'pytest-rollback[sandbox]', or name a target of your own",
        ) from error
    if config.option.collectonly:
        return sketch(folder, kind)
    print(f"on the {kind}: a demonstration, not your system", flush=True)  # noqa: T201
    config.stash[SANDBOX] = Sandbox.open(folder, config.getoption("--scenario"), kind)
    config.add_cleanup(config.stash[SANDBOX].close)
    return config.stash[SANDBOX].load()
