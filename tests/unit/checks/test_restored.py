"""What readiness, and the entry of a drill, say of a component that could not be tried."""

from __future__ import annotations

import pytest

from pytest_rollback.agent.messages.configuration import ConfigurationFaults
from pytest_rollback.agent.messages.trial import (
    NO_PYTHON,
    ComponentTrial,
    ConstructTrial,
    Trial,
)
from pytest_rollback.checks import restored
from pytest_rollback.errors import Inconclusive, Refused, RollbackError
from pytest_rollback.manifest.model import Component, System
from pytest_rollback.manifest.release import About, ReleaseTable
from pytest_rollback.recovery import entry

COMPONENT = Component.model_construct(name="web", imports=("web",))


def trial(why: str | None, problem: str | None = None) -> Trial:
    """Return the trial of one component with one import and one constructor call."""
    call = ConstructTrial("web:App", None, None, 100.0, problem)
    found = ComponentTrial({"web": why}, (call,))
    return Trial(compiled=1, compiles={}, faults={}, components={"web": found})


def raised(found: Trial, check: str = "imports") -> RollbackError:
    """Return what a check has against a trial."""
    with pytest.raises(RollbackError) as error:
        getattr(restored, check)(found, COMPONENT)
    return error.value


@pytest.mark.parametrize("check", ["imports", "constructs"])
def test_a_unit_that_is_down_is_not_told_to_be_broken(check: str) -> None:
    """Only its process tells with which Python it runs: nothing could be tried, and it says so."""
    error = raised(trial(NO_PYTHON, NO_PYTHON), check)

    assert isinstance(error, Inconclusive)
    assert "interpreter of component web" in error.hint


def test_a_rollback_goes_on_where_nothing_could_be_tried() -> None:
    """That the unit is down is why it is wanted; what was tried and failed stands against it."""
    unknown = entry.objection(entry.IMPORTS, raised(trial(NO_PYTHON)), frozenset())
    broken = entry.objection(entry.IMPORTS, raised(trial("no module web")), frozenset())

    assert (unknown.despite, broken.despite) == (True, False)
    entry.refuse([unknown], "rollback now")
    with pytest.raises(Refused, match="would not come back"):
        entry.refuse([unknown, broken], "rollback now")


@pytest.mark.parametrize(("strategy", "place"), [("backups", "in the backups"), ("links", "share")])
def test_broken_configuration_is_corrected_where_it_is_kept(strategy: str, place: str) -> None:
    """A release behind a link has no backups."""
    release = ReleaseTable.model_construct(strategy=strategy, backups="beside")
    about = About.model_construct(suffix=".backup", state="/var/lib/shop")
    system = System.model_construct(about=about, release=release, components=(COMPONENT,))
    with pytest.raises(Refused) as error:
        restored.configuration_parses(ConfigurationFaults({"app.json": "line 1: no JSON"}), system)
    assert place in error.value.hint
