"""The script of a unit's command has to be readable by the unit's user."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from pytest_rollback.agent.configuration.units.systemd import UnitFile, defined
from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.trial import TrialComponent, TrialRequest, UnitUse
from pytest_rollback.agent.observe.trial.components import TrialRun
from pytest_rollback.agent.observe.trial.trial import readable
from pytest_rollback.agent.observe.trial.trial_site import TrialSite
from tests.unit.support.apart import reachable

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
COMPONENT = TrialComponent("cron", "", None, {}, (), (), ())


class Stage:
    """A live root and a staged one, with a script and a program."""

    def __init__(self, place: Path) -> None:
        reachable(place)
        self.live, self.staged = place / "live", place / "stage/root"
        for root in (self.live, self.staged):
            root.mkdir(parents=True)
            (root / "tick.sh").write_text("date\n")
            shutil.copy("/bin/true", root / "program")
            (root / "program").chmod(0o711)

    def missing(self, *, live: bool = False, user: str = "nobody") -> tuple[str, ...]:
        """Return what a user would have to read, and may not."""
        root = self.live if live else self.staged
        site = TrialSite(str(root), str(self.live), (), user, 0.0)
        request = TrialRequest(Location(str(self.live), "", ""), user, 1.0, (COMPONENT,))
        needs = tuple(f"{self.live}/{name}" for name in ("program", "tick.sh", "none"))
        run = TrialRun(COMPONENT, "", "", user, (), {}, (), "", UnitUse(), needs=needs)
        return readable(site, request, run).use.missing


@as_root
@pytest.mark.parametrize("live", [True, False])
def test_a_script_that_the_user_may_not_read_is_told(tmp_path: Path, *, live: bool) -> None:
    """By the path that its unit names; a binary is executed and not read."""
    stage = Stage(tmp_path)
    assert stage.missing(live=live) == ()
    for root in (stage.live, stage.staged):
        (root / "tick.sh").chmod(0o700)
    said = f"{stage.live}/tick.sh cannot be read by nobody"
    assert stage.missing(live=live) == (said,)
    assert stage.missing(live=live, user="root") == stage.missing(live=live, user="") == ()


@as_root
def test_a_stage_that_nobody_gets_to_says_nothing_of_a_release(tmp_path: Path) -> None:
    """Our own place is at fault then; so it is where the account cannot be asked."""
    stage = Stage(tmp_path)
    (stage.staged / "tick.sh").chmod(0o700)
    stage.staged.parent.chmod(0o700)
    assert stage.missing() == ()
    assert stage.missing(user="nobody-of-this-name") == ()


@pytest.mark.parametrize(
    ("line", "privileged"),
    [("/bin/sh a", False), ("-/bin/sh a", False), ("+/bin/sh a", True), ("!!/bin/sh a", True)],
)
def test_a_command_with_more_rights_is_told_apart(line: str, *, privileged: bool) -> None:
    """What runs as root, or with capabilities, reads what its user may not."""
    for more, expected in (("", privileged), ("AmbientCapabilities=CAP_DAC_OVERRIDE\n", True)):
        text = f"[Service]\nExecStart={line}\n{more}"
        main = defined("cron.service", [UnitFile("/etc/cron.service", text)]).main
        assert main is not None
        assert main.privileged is expected
