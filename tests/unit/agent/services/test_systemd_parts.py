"""What systemd says of a unit's parts, of every kind of unit: its words and what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.services.systemd import properties
from pytest_rollback.agent.services.systemd_parts import (
    files_of,
    instances,
    is_within,
    kept_open,
    left,
    unhandled,
    written,
)

REMAINS = {"Type": "oneshot", "RemainAfterExit": "yes", "ActiveState": "active"}


def test_what_systemd_says_of_a_unit_s_parts(tmp_path: Path) -> None:
    """Its files, with blanks and patterns; a control group and those below; a time in UTC."""
    told = {
        "FragmentPath": "/etc/systemd/system/a.service",
        "DropInPaths": r"/run/a.d/1.conf /etc/a\x20b/2.conf "
        "/etc/systemd/system.control/a.service.d/50-CPUQuota.conf",
        **properties(
            "EnvironmentFiles=/etc/default/a (ignore_errors=yes)\n"
            "EnvironmentFiles=/opt/a b/.env (ignore_errors=no)\n"
            f"EnvironmentFiles={tmp_path}/*.env (ignore_errors=no)\n"
        ),
    }
    for name in ("b.env", "a.env"):
        (tmp_path / name).touch()

    assert files_of(told) == [
        "/etc/systemd/system/a.service",
        "/run/a.d/1.conf",
        "/etc/a b/2.conf",
        "/etc/default/a",
        "/opt/a b/.env",
        f"{tmp_path}/a.env",
        f"{tmp_path}/b.env",
    ]
    assert is_within("/system.slice/a.service/worker", "/system.slice/a.service")
    assert not is_within("/system.slice/a.service2", "/system.slice/a.service")
    assert written("Thu 1970-01-01 00:01:40 UTC") == 100
    assert written("") == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (REMAINS, "exited"),
        ({**REMAINS, "processes": "2"}, ""),
        ({"Type": "oneshot", "RemainAfterExit": "no", "ActiveState": "inactive"}, "job"),
        ({"Type": "forking", "ActiveState": "active", "MainPID": "0"}, "PIDFile"),
        ({"Type": "forking", "ActiveState": "active", "MainPID": "7"}, ""),
        ({"Type": "simple", "TriggeredBy": "a.timer"}, ""),
        ({}, ""),
    ],
)
def test_kinds_of_units_that_are_not_handled(told: dict[str, str], words: str) -> None:
    """Each is named with what is missing to judge it."""
    said = unhandled(told, "processes" in told)

    assert bool(said) == bool(words)
    assert words in said


def test_other_instances_of_a_template_are_left() -> None:
    """Those that run and are no component's; a name is taken as it stands, with its escapes."""
    units = ["web@1.service", "my\\x2dapp@a.service", "plain.service"]
    running = ["web@1.service", "web@2.service", "webs@1.service"]

    assert instances(units) == ["web@*.service", "my\\\\x2dapp@*.service"]
    assert left(units[0], running, units).startswith("web@2.service of the same template")
    assert (
        left(units[0], running, [*units, "web@2.service"]) == left(units[2], running, units) == ""
    )


def test_only_a_socket_that_listens_keeps_a_port_open() -> None:
    """One that is disabled is named by systemd as well, and starts nothing; nor do timers."""
    told = {"TriggeredBy": "a.timer a.socket"}

    assert kept_open(told, frozenset(["a.socket"])).startswith("a.socket listens")
    assert kept_open(told, frozenset()) == kept_open({}, frozenset()) == ""
