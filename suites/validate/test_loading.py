"""Rollback validation: 'Verify import consistency', and the performance baseline check's calls."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.trial import Trial
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import part

Keep = Callable[[str, object], None]


@criterion("validate.imports.load", needs=("component.imports",))
def test_imports_load(
    live_tree: Trial, system: System, component: Component, record_property: Keep
) -> None:
    """'Verify import consistency': every import works in a new process."""
    tried = live_tree.components[component.name].imports
    failed = [f"{name}: {why}" for name, why in tried.items() if why]
    record_property("imports", list(tried))

    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'import')} of {component.name} failed",
            findings=failed,
            hint=f"restore the missing files below {system.about.where}; clear stale bytecode "
            "there",
        )


@criterion("validate.constructs.in_time", needs=("component.constructs",))
def test_constructs_work_in_time(
    live_tree: Trial, system: System, component: Component, record_property: Keep
) -> None:
    """'Performance Baseline Check (should be <100ms)': every constructor call works in time."""
    tried = live_tree.components[component.name].constructs
    failed = [f"{each.call}: {each.problem}" for each in tried if each.problem]
    record_property("ms", {each.call: each.ms for each in tried})

    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'constructor call')} of {component.name} failed",
            findings=failed,
            hint=f"restore the missing files below {system.about.where}, or correct constructs of "
            f"component {component.name} in rollback.toml",
        )
