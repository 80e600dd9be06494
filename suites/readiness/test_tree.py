"""Issue 3, 'Import Errors After Rollback', found before it happens: the restored tree is tried."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.trial import Trial
from pytest_rollback.checks import restored, returned
from pytest_rollback.criteria import criterion
from pytest_rollback.manifest.model import Component, System

Keep = Callable[[str, object], None]


@criterion("readiness.tree.compiles", phase="files")
def test_restored_sources_compile(
    restored_tree: Trial, system: System, record_property: Keep
) -> None:
    """'Verify import consistency': every Python file to restore compiles."""
    record_property("files compiled", restored_tree.compiled)
    restored.compiles(restored_tree, system)


@criterion("readiness.tree.imports", phase="files", needs=("component.imports",))
def test_the_component_would_import(
    restored_tree: Trial, component: Component, system: System, record_property: Keep
) -> None:
    """'Verify import consistency': every import works in a restored copy of the tree."""
    tried = restored_tree.components[component.name].imports
    record_property("imports", list(tried))
    restored.imports(restored_tree, component)
    returned.tried(system, component)


@criterion("readiness.tree.constructs", phase="files", needs=("component.constructs",))
def test_the_component_would_be_constructed(
    restored_tree: Trial, component: Component, system: System, record_property: Keep
) -> None:
    """'Performance Baseline Check': every constructor call works in a restored copy, in time."""
    tried = restored_tree.components[component.name].constructs
    record_property("constructed in ms", {each.call: each.ms for each in tried})
    restored.constructs(restored_tree, component)
    returned.tried(system, component)
