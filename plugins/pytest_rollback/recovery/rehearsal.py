"""The whole rollback as a plan: what every action would change, in order, and how long it takes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_rollback.manifest.values import PHASES
from pytest_rollback.progress.screen import columns
from pytest_rollback.recovery.action import AnyAction, Change, Scope
from pytest_rollback.recovery.gate import Gate


@dataclass(frozen=True)
class RehearsedStep:
    """One action and the changes that it would make."""

    action: AnyAction
    changes: tuple[Change, ...]

    @property
    def seconds(self) -> float:
        """The seconds that the changes are expected to take."""
        return sum(change.estimate for change in self.changes)


def rehearse(gate: Gate, actions: Iterable[AnyAction]) -> tuple[RehearsedStep, ...]:
    """Return what each action would do, each as if those before it were done.

    Raises:
        RollbackError: an action refuses to plan; its reason and the way out.
    """
    return tuple(RehearsedStep(action, gate.foresee(action)) for action in actions)


def lines(steps: Iterable[RehearsedStep], scope: Scope) -> Iterator[str]:
    """Yield the plan for people: phases with estimate and budget, and a line for each change."""
    steps, system = tuple(steps), scope.system
    for phase in PHASES:
        mine = [step for step in steps if step.action.phase == phase]
        took, budget = sum(step.seconds for step in mine), system.budgets.of(phase)
        yield f"{phase:15} about {clock(took)} of {clock(budget)}"
        for step in mine:
            for change in step.changes:
                yield from folded(f"    {change.what}", 6)
                if change.loses:
                    yield from folded(f"      {change.loses.words}", 8)
            if not step.changes:
                why, _, hint = step.action.spared(scope).partition("\n")
                yield from folded(
                    f"    {step.action.name}: {why or step.action.stays(scope) or 'nothing to do'}",
                    6,
                )
                yield from [f"      {hint}"] if hint else []
    total = sum(step.seconds for step in steps)
    yield f"{'in all':15} about {clock(total)} of {clock(system.about.rto)}"


def folded(line: str, indent: int) -> list[str]:
    """Return one line in lines that fit; further ones begin so far to the right."""
    further = " " * indent
    return textwrap.wrap(line, columns(), subsequent_indent=further, break_on_hyphens=False) or [""]


def clock(seconds: float) -> str:
    """Return seconds as 0m41s."""
    whole = round(seconds)
    return f"{whole // 60}m{whole % 60:02d}s"
