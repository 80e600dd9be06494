"""Issue 3, 'Import Errors After Rollback', found before it happens: the restored tree is tried."""

from __future__ import annotations

from collections.abc import Callable

from pytest_rollback.agent.messages.trial import Trial
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Refused
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import count, part

Keep = Callable[[str, object], None]


@criterion("readiness.tree.compiles", phase="files")
def test_restored_sources_compile(
    restored_tree: Trial, system: System, record_property: Keep
) -> None:
    """'Verify import consistency': every Python file to restore compiles."""
    faults = {k: v for k, v in restored_tree.faults.items() if k.endswith(".py")}
    found = {**faults, **restored_tree.compiles}
    record_property("files compiled", restored_tree.compiled)

    if found:
        end = system.about.suffix
        raise Refused(
            f"{count(len(found), 'backup')} cannot be compiled",
            findings=[f"{path}{end}: {why}" for path, why in sorted(found.items())],
            hint=f"see that line of {system.about.root}/{min(found)}{end} on the host; deploy a "
            "release that compiles, save the set with scripts/create_backups.py, deploy again",
        )


@criterion("readiness.tree.imports", phase="files", needs=("component.imports",))
def test_the_component_would_import(
    restored_tree: Trial, component: Component, record_property: Keep
) -> None:
    """'Verify import consistency': every import works in a restored copy of the tree."""
    tried = restored_tree.components[component.name].imports
    failed = [f"{name}: {why}" for name, why in tried.items() if why]
    record_property("imports", list(tried))

    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'import')} of {component.name} failed in the restored "
            "tree",
            findings=failed,
            hint=f"add the files that these imports need to the backup set, or correct imports, "
            f"interpreter or environment of {component.name} in rollback.toml",
        )


@criterion("readiness.tree.constructs", phase="files", needs=("component.constructs",))
def test_the_component_would_be_constructed(
    restored_tree: Trial, component: Component, record_property: Keep
) -> None:
    """'Performance Baseline Check': every constructor call works in a restored copy, in time."""
    tried = restored_tree.components[component.name].constructs
    failed = [f"{each.call}: {each.problem}" for each in tried if each.problem]
    record_property("constructed in ms", {each.call: each.ms for each in tried})

    if failed:
        raise Refused(
            f"{part(len(failed), len(tried), 'constructor call')} of {component.name} failed",
            findings=failed,
            hint=f"correct constructs of {component.name} in rollback.toml, or save the set again "
            "from a release in which they work",
        )
