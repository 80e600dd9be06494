"""The last resort: defaults for configuration that stays broken, confirmed, told, and undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.location import Release
from pytest_rollback.errors import Refused
from pytest_rollback.recovery import actions
from pytest_rollback.recovery.action import Scope
from pytest_rollback.transport.batch import look
from tests.unit.recovery.site import Site, Systemd

ENV = "etc/app.env"
LIMITS = "etc/limits.json"
ORDER = (actions.RESTORE_CONFIGURATION, actions.USE_DEFAULTS)


@pytest.fixture
def reset(site: Site) -> Site:
    """A site with defaults; its second configuration file was not part of the deploy."""
    site.put("etc/defaults/app.env", "TOKEN=default-secret\nLEVEL=info\n")
    site.put("etc/defaults/limits.json", '{"most": 1}')
    site.put(LIMITS, '{"most": 7}', 0o640)
    files = {"files": [ENV, LIMITS], "defaults": "etc/defaults"}
    site.describe(configuration=files)
    return site


def confirmed(site: Site) -> Scope:
    """Return a scope in which defaults are confirmed."""
    return replace(site.scope(), defaults=True)


def lose(site: Site) -> None:
    """Lose the backup."""
    Path(f"{site.path(ENV)}.backup").unlink()


def test_without_confirmation_nothing_is_replaced(reset: Site) -> None:
    """Broken or not; and a broken copy refuses the restore."""
    lose(reset)
    assert reset.plan(actions.USE_DEFAULTS) == ()
    with pytest.raises(Refused, match="its backup is absent"):
        reset.plan(actions.RESTORE_CONFIGURATION)


def test_what_can_be_restored_gets_no_default(reset: Site) -> None:
    """The last resort is the last: with everything in order it plans nothing."""
    scope = confirmed(reset)

    assert reset.plan(actions.USE_DEFAULTS, scope) == ()
    assert reset.perform(actions.RESTORE_CONFIGURATION, scope) == 1
    assert "previous-secret" in reset.path(ENV).read_text()


def test_a_broken_file_gets_its_default_and_undo_brings_it_back(
    reset: Site, systemd: Systemd
) -> None:
    """The difference is told by key, no value of it; mode and owner are those of the record."""
    before = reset.everything()
    lose(reset)
    gone = f"{ENV}.backup"
    scope = confirmed(reset)
    (change,) = reset.plan(actions.USE_DEFAULTS, scope)
    assert "+LEVEL" in change.why
    assert "~TOKEN" in change.why
    assert "secret" not in json.dumps([change.what, change.why])
    for action in ORDER:
        reset.perform(action, scope)

    assert reset.path(ENV).read_text() == "TOKEN=default-secret\nLEVEL=info\n"
    assert reset.path(ENV).stat().st_mode & 0o777 == 0o600
    assert reset.path(LIMITS).read_text() == '{"most": 7}'
    reset.undo()
    after = reset.everything()
    assert after == {path: facts for path, facts in before.items() if not path.endswith(gone)}
    assert systemd.told() == []


def test_a_file_that_no_deploy_changed_and_that_is_broken_gets_its_default(reset: Site) -> None:
    """Its difference is told in lines, it keeps its mode, and what was live is evidence."""
    reset.path(LIMITS).write_text('{"most": ')
    scope = confirmed(reset)
    (change,) = reset.plan(actions.USE_DEFAULTS, scope)
    assert '-{"most": ' in change.why
    assert '+{"most": 1}' in change.why
    assert "line 1" in change.why
    reset.perform(actions.USE_DEFAULTS, scope)

    assert reset.path(LIMITS).read_text() == '{"most": 1}'
    assert reset.path(LIMITS).stat().st_mode & 0o777 == 0o640
    assert any(path.endswith(LIMITS) for path in reset.evidence())
    for _ in range(2):
        reset.undo()
        assert reset.path(LIMITS).read_text() == '{"most": '


def test_a_restored_file_that_cannot_be_read_gets_its_default(reset: Site) -> None:
    """What was recorded is broken itself: first without confirmation, then with it, then undone."""
    copy = Path(f"{reset.path(ENV)}.backup")
    copy.unlink()
    reset.put(ENV, "no setting\n", 0o600)
    from pytest_rollback.agent.backup import save  # noqa: PLC0415

    later = Release("later", None)
    save.save(reset.saving([ENV], current=later, replace=True))
    reset.put(ENV, "TOKEN=current-secret\n")
    reset.perform(actions.RESTORE_CONFIGURATION)
    assert reset.path(ENV).read_text() == "no setting\n"
    scope = confirmed(reset)
    assert reset.perform(actions.USE_DEFAULTS, scope) == 1
    assert reset.plan(actions.RESTORE_CONFIGURATION, scope) == ()
    assert "default-secret" in reset.path(ENV).read_text()
    assert not any(path.endswith("app.env.backup") for path in closing(reset, scope))
    reset.undo()

    assert reset.path(ENV).read_text() == "TOKEN=current-secret\n"


def closing(site: Site, scope: Scope) -> list[str]:
    """Return the backups that closing the set would move or call strays."""
    found = look(site.connection, actions.CLOSE.look(scope))
    return [*found.plan.copies, *found.plan.strays]


SPOILT: dict[str, Callable[[Path], object]] = {
    "is missing": Path.unlink,
    "cannot be read": lambda path: path.write_text("no setting\n"),
    "is a symlink": lambda path: (path.unlink(), path.symlink_to("/etc/shadow")),
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_default_that_cannot_be_read_is_refused(reset: Site, how: str) -> None:
    """Broken configuration is not replaced by broken configuration."""
    lose(reset)
    SPOILT[how](reset.path("etc/defaults/app.env"))
    with pytest.raises(Refused, match="no default for") as caught:
        reset.plan(actions.USE_DEFAULTS, confirmed(reset))

    assert ENV in caught.value.findings[0]


def test_a_change_after_the_plan_and_after_the_default_is_not_lost(reset: Site) -> None:
    """Both are refused, and what somebody wrote stays."""
    lose(reset)
    scope = confirmed(reset)
    (change,) = reset.plan(actions.USE_DEFAULTS, scope)
    reset.put(ENV, "TOKEN=hotfix-secret\n", 0o600)
    with pytest.raises(Refused, match="changed since the plan"):
        reset.apply(change, scope)
    reset.perform(actions.USE_DEFAULTS, scope)
    reset.put(ENV, "TOKEN=later-secret\n", 0o600)
    with pytest.raises(Refused, match="changed after its default was installed"):
        reset.undo()

    assert reset.path(ENV).read_text() == "TOKEN=later-secret\n"
