"""Where a unit writes its log is told by its files, as its manager reads them."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.configuration.units import manager as managers
from pytest_rollback.agent.configuration.units import outputs
from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.messages.services.units import ManagerAddress
from pytest_rollback.agent.messages.trial import UnitSources
from pytest_rollback.agent.observe.logs import inspection

SYSTEMD = ManagerAddress("systemd", None)


def unit(directory: Path, *lines: str) -> tuple[str, ...]:
    """Return where a unit of systemd with these lines writes."""
    text = "\n".join(("[Service]", "ExecStart=/bin/true", *lines))
    (directory / "app.service").write_text(text)
    return outputs.told(managers.ManagerFacts("systemd", str(directory), {}), "app")


@pytest.mark.parametrize(
    ("lines", "places"),
    [
        ((), ("journal",)),
        (("StandardOutput=append:/var/log/%N.log",), ("/var/log/app.log",)),
        (
            ("StandardOutput=file:/var/log/app", "StandardError=append:/var/log/app.err"),
            ("/var/log/app", "/var/log/app.err"),
        ),
        (
            ("StandardOutput=append:/var/log/app", "StandardError=journal"),
            ("/var/log/app", "journal"),
        ),
        (("StandardOutput=append:/var/log/app", "StandardError=inherit"), ("/var/log/app",)),
        (("StandardOutput=null",), ()),
    ],
)
def test_systemd_says_where_output_goes(
    tmp_path: Path, lines: tuple[str, ...], places: tuple[str, ...]
) -> None:
    """To the journal unless its files say otherwise; standard error to where output goes."""
    assert unit(tmp_path, *lines) == places


PROGRAMS = """
[supervisord]
[program:one]
command=/bin/true
stdout_logfile={0}/%(program_name)s.log
redirect_stderr=true
stderr_logfile={0}/not-used
[program:two]
command=/bin/true
stdout_logfile={0}/two.log
stderr_logfile={0}/two.err
[program:auto]
command=/bin/true
"""


def test_supervisord_says_it_for_both_streams(tmp_path: Path) -> None:
    """A file for each; one that it names by itself is not told."""
    (tmp_path / "main.conf").write_text(PROGRAMS.format(tmp_path))
    facts = managers.ManagerFacts("supervisord", "", {}, main=str(tmp_path / "main.conf"))

    assert outputs.told(facts, "one") == (f"{tmp_path}/one.log",)
    assert outputs.told(facts, "two") == (f"{tmp_path}/two.log", f"{tmp_path}/two.err")
    assert outputs.told(facts, "auto") == ()
    assert outputs.told(facts, "none") == ()


def test_what_is_described_is_not_asked_for(tmp_path: Path) -> None:
    """And no manager is asked where all is described; one that is not there tells nothing."""
    nobody = ManagerAddress("supervisord", str(tmp_path / "no.sock"))
    described = {"one": ("/a.log",), "two": ()}

    assert outputs.resolved(nobody, "", {"one": ("/a.log",)}) == {"one": ("/a.log",)}
    assert outputs.resolved(nobody, "", described) == described


def test_a_log_that_nobody_tells_proves_nothing(tmp_path: Path) -> None:
    """It is no silent log, and no journal."""
    place = tmp_path / "no.sock"
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(str(place))
        asked = ComponentLog("web", "shop-web", (), time.time())
        sources = UnitSources(ManagerAddress("supervisord", str(place)), None, str(tmp_path))
        request = LogsRequest((asked,), "ERROR", (), 300.0, 5.0, units=sources)
        found = inspection.look(request).components["web"]

    assert "do not tell where it writes its log" in found.problem
    assert "set log of component web" in found.hint
