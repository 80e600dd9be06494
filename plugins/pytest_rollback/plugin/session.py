"""The run of a session: made when it is first asked for, with the hooks that attend it."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.errors import UsageError
from pytest_rollback.plugin import options
from pytest_rollback.plugin.stash import PRACTICE, RUN
from pytest_rollback.text.places import VILLAGE, home

if TYPE_CHECKING:
    from pytest_rollback.manifest.load import Loaded
    from pytest_rollback.run.extra_types import PracticeKind
    from pytest_rollback.run.options import RunOptions
    from pytest_rollback.run.run import Run


def run_of(config: pytest.Config) -> Run:
    """Return the run of this session; the manifest is read when it is first asked for.

    Raises:
        RollbackError: the manifest or an option cannot be used, or the sandbox does not come up.
    """
    if RUN not in config.stash:
        from pytest_rollback.manifest.load import load  # noqa: PLC0415 - only sessions with criteria pay for it
        from pytest_rollback.plugin.collecting.hooks import CollectingHooks  # noqa: PLC0415
        from pytest_rollback.plugin.collecting.words import named  # noqa: PLC0415
        from pytest_rollback.plugin.collection import asked_for  # noqa: PLC0415
        from pytest_rollback.plugin.criteria_hooks import CriteriaHooks  # noqa: PLC0415
        from pytest_rollback.run.run import Run  # noqa: PLC0415

        handed = getattr(config, "workerinput", {}).get("rollback", {})
        target = options.target(config)
        path = config.invocation_params.dir / handed.get("manifest", target)
        asked, extras = options.asked(config), options.extras(config)
        collection = asked_for(config)
        if asked.isolate and "drill" not in collection.suites:
            raise UsageError("--isolate is of a drill", hint="add suites/drill, or leave it out")
        kind = None if handed else extras.practice.get(target)
        loaded = _practice(config, kind, target, asked) if kind else load(path)
        bring_fixtures(config)
        run = config.stash[RUN] = Run(
            loaded,
            asked,
            reports=options.reports(config, home() if kind else path.parent),
            demonstration=handed.get("demonstration", kind is not None),
            fleeting=PRACTICE in config.stash and config.stash[PRACTICE].owned,
            identity=handed.get("identity", ""),
            extras=extras,
            collection=collection,
        )
        config.pluginmanager.register(CriteriaHooks(config, run), "rollback-criteria")
        collecting = CollectingHooks(config, named(config, config.args))
        config.pluginmanager.register(collecting, "rollback-collecting")
    return config.stash[RUN]


def bring_fixtures(config: pytest.Config) -> None:
    """Give the session the fixtures that criteria ask for, and what both are read by."""
    from pytest_rollback.run import shipped  # noqa: PLC0415 - only sessions with criteria pay for it

    pytest.register_assert_rewrite("pytest_rollback.fixtures", "pytest_rollback.suites")
    # What is imported lives to the end of the session: looking for rings in it finds none, and
    # takes a tenth of the time in which readiness begins.
    gc.set_threshold(100_000)
    for name in shipped.fixtures():
        if not config.pluginmanager.has_plugin(name):  # somebody may have named it with -p
            config.pluginmanager.register(import_module(name), name)


def _practice(config: pytest.Config, kind: PracticeKind, named: str, asked: RunOptions) -> Loaded:
    """Return the description of a system to practise on, which is up unless only collecting."""
    setting = config.getini("rollback_sandbox")
    folder = config.rootpath / setting if setting else VILLAGE
    sketch = kind.sketch(folder)
    if config.option.collectonly:
        return sketch
    asked.fit(sketch.system, sketch.path)  # before anything is started
    print(f"on the {named}: a demonstration, not your system", flush=True)  # noqa: T201
    found = config.stash[PRACTICE] = kind.open(folder, options.value(config, "--scenario"))
    config.add_cleanup(found.close)
    return found.load()
