"""Success criterion: 'No error logs in past 5 minutes'."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_rollback.agent.messages.logs import LogReport
from pytest_rollback.agent.messages.trial import Trial
from pytest_rollback.criteria import criterion
from pytest_rollback.errors import Inconclusive, Refused
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.text.quantities import count

Keep = Callable[[str, object], None]


def refuse_errors(found: LogReport, component: Component) -> None:
    """Raise when there is an error in the log."""
    if found.errors:
        left = found.errors - len(found.findings)
        raise Refused(
            f"{count(found.errors, 'error')} in the log of {component.name} in the last "
            f"{found.seen:.0f} s",
            findings=[*found.findings, *([f"… and {left} more"] if left else [])],
            hint=f"{component.see_logs()}; add harmless lines to [logs] noise, with owner and last "
            "day",
        )


def refuse_others(tried: Trial, component: Component) -> None:
    """Raise when rollback.toml names the log of another unit."""
    said = tried.components[component.name].use.contradicts
    others = [each for each in said if each.startswith("log: ")]
    if others:
        raise Inconclusive(
            f"what was read is the log of another unit than {component.unit}",
            findings=others,
            hint=f"correct log of component {component.name} in rollback.toml",
        )


@criterion("validate.logs.clean")
def test_the_log_is_clean(
    logs: Mapping[str, LogReport],
    live_tree: Trial,
    system: System,
    component: Component,
    record_property: Keep,
) -> None:
    """'No error logs in past 5 minutes': no error was logged since the unit started."""
    found = logs[component.name]
    record_property("log", found.log)
    record_property("seen_s", round(found.seen, 1))
    record_property("window_s", system.logs.window)
    record_property("lines", found.lines)
    record_property("known noise", found.noise)
    record_property("files", list(found.files))
    if found.unread:
        record_property("written and not read", list(found.unread))
    unused = [
        each.pattern for each, met in zip(system.logs.noise, found.met, strict=False) if not met
    ]
    if unused:
        record_property("noise that matched nothing", unused)

    refuse_errors(found, component)
    refuse_others(live_tree, component)
    if found.problem:
        raise Inconclusive(found.problem, hint=found.hint)
