"""Units stopped in reverse order and started in order, each healthy and settled before the next."""

from __future__ import annotations

import sys
import time

import pytest

from pytest_rollback.agent.messages.location import Location
from pytest_rollback.agent.messages.services.units import START, ManagerAddress, UnitRequest
from pytest_rollback.errors import Refused, Unfinished
from pytest_rollback.recovery import actions
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.call import Call
from tests.unit.recovery.site import Site, Systemd

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(300)"
LATE = """
import http.server, sys, time
time.sleep(1)
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers()
        self.wfile.write(b"ok")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def python(code: str, *words: object) -> list[str]:
    """Return the command that runs code."""
    return [sys.executable, "-c", code, *map(str, words)]


def settle(site: Site, time_up: str) -> None:
    """Have each component stay up for so long: a busy machine is slow to look."""
    components = site.document()["components"]
    site.describe(components=[{**each, "settle": time_up} for each in components])


def test_units_go_down_in_reverse_and_up_in_order(site: Site, systemd: Systemd) -> None:
    """One change each; a healthy one that has settled is not started again."""
    settle(site, "5s")
    assert site.perform(actions.START) == 2
    assert site.perform(actions.SETTLE) == 1  # both settle together
    assert site.perform(actions.START) == site.perform(actions.SETTLE) == 0
    assert site.perform(actions.ISOLATE) == 2
    assert site.perform(actions.ISOLATE) == 0

    assert systemd.told() == ["start gate", "start mesh", "stop mesh", "stop gate"]


def test_each_is_healthy_before_the_next_begins(site: Site, systemd: Systemd) -> None:
    """The second start begins after the first has answered; at the end both have to stay up."""
    settle(site, "5s")
    systemd.has("gate", python(LATE, site.ports["gate"]))
    first, second = site.plan(actions.START)
    answer = site.apply(first)

    assert answer.active < answer.healthy
    assert answer.healthy > 1.0
    assert systemd.told() == ["start gate"]
    assert "wait until it is healthy" in second.what
    site.apply(second)
    (last,) = site.plan(actions.SETTLE)
    assert "mesh settled" in last.what  # the first may have been up for its time already
    assert site.apply(last).seconds >= 0.3


def test_only_the_chosen_components_are_touched(site: Site, systemd: Systemd) -> None:
    """With a component named, the other one is neither stopped nor started."""
    site.perform(actions.START)
    scope = site.scope(only=["mesh"])
    site.perform(actions.ISOLATE, scope)
    site.perform(actions.START, scope)

    assert systemd.told()[2:] == ["stop mesh", "start mesh"]


def test_a_unit_nobody_knows_is_not_a_stopped_one(site: Site, systemd: Systemd) -> None:
    """A misspelt unit refuses the isolation before anything is stopped."""
    site.perform(actions.START)
    (systemd.folder / "gate.json").rename(site.home / "gone.json")
    try:
        with pytest.raises(Refused, match="does not know 1 unit") as caught:
            site.plan(actions.ISOLATE)
    finally:
        (site.home / "gone.json").rename(systemd.folder / "gate.json")

    assert caught.value.findings[0].startswith("gate: ")
    assert systemd.told() == ["start gate", "start mesh"]


def test_a_unit_that_ignores_sigterm_is_down_in_time(site: Site, systemd: Systemd) -> None:
    """At its own deadline it is killed."""
    systemd.has("gate", python(STUBBORN))
    request = UnitRequest(Location("/", "", ""), ManagerAddress("systemd"), "gate", 5.0)
    site.connection.ask(Call(START, request))
    started = time.monotonic()
    site.perform(actions.ISOLATE)

    assert time.monotonic() - started < 300  # as long as it would go on by itself
    assert systemd.state("gate")["pid"] == 0


def test_a_unit_that_answers_wrongly_is_told_with_its_answer(site: Site, systemd: Systemd) -> None:
    """Active is not healthy: the manager's words, the probe's last answer, and where the log is."""
    del systemd
    document = site.document()
    document["probes"]["gate"]["body"] = "superb"
    document["components"][0]["start"] = "1s"
    site.describe(**{key: document[key] for key in ("probes", "components")})
    change, *_ = site.plan(actions.START)
    with pytest.raises(Unfinished, match="gate did not become healthy") as caught:
        site.apply(change)

    assert "boom: no such database" in caught.value.message
    assert "the answer does not match 'superb'" in caught.value.message
    assert caught.value.hint == f"tail -n 50 {site.home}/gate.log"


def test_a_unit_that_dies_while_it_should_settle_is_not_up(site: Site, systemd: Systemd) -> None:
    """Healthy once is not enough."""
    document = site.document()
    document["components"][0]["settle"] = "60s"
    site.describe(components=document["components"])
    dying = LATE.replace(
        "time.sleep(1)", "import os, threading; threading.Timer(1, os._exit, [1]).start()"
    )
    systemd.has("gate", python(dying, site.ports["gate"]))
    for change in site.plan(actions.START):
        site.apply(change)
    (settle,) = site.plan(actions.SETTLE)
    started = time.monotonic()
    with pytest.raises(Unfinished, match="did not stay up for 60 s"):
        site.apply(settle)

    assert time.monotonic() - started < 60


def test_a_hopeless_start_is_given_up_at_once(site: Site, systemd: Systemd) -> None:
    """A unit that fails is not waited for until its deadline."""
    document = site.document()
    document["components"][0]["start"] = "60s"
    site.describe(components=document["components"])
    systemd.has("gate", ["false"])
    change, *_ = site.plan(actions.START)
    started = time.monotonic()
    with pytest.raises(Unfinished, match="boom: no such database"):
        site.apply(change)

    assert time.monotonic() - started < 60


def test_an_optional_component_is_an_action_of_its_own(site: Site, systemd: Systemd) -> None:
    """What is not required is started last, by its own action, and watched with the others."""
    components = site.document()["components"]
    components[0]["required"] = False
    site.describe(components=components)
    site.perform(actions.START)
    assert systemd.told() == ["start mesh"]

    site.perform(actions.START_OPTIONAL)
    assert systemd.told() == ["start mesh", "start gate"]
    site.perform(actions.SETTLE)
    assert site.plan(actions.SETTLE_OPTIONAL) == ()  # it was up while the others were watched


def test_a_rehearsal_sees_what_the_isolation_will_have_done(site: Site, systemd: Systemd) -> None:
    """While all runs well, the rehearsed start has every component, with its estimate."""
    del systemd
    site.perform(actions.START)
    site.perform(actions.SETTLE)
    scope = site.scope()
    found = look(site.connection, actions.START.look(scope))

    assert actions.START.plan(scope, found) == actions.SETTLE.plan(scope, found) == ()
    ahead = actions.START.plan(scope, actions.START.assuming(scope, found))
    assert [change.estimate for change in ahead] == [2.0, 2.0]
    ahead = actions.SETTLE.plan(scope, actions.SETTLE.assuming(scope, found))
    assert [change.estimate for change in ahead] == [0.3]
    stops = site.plan(actions.ISOLATE)
    assert [(change.what, change.estimate) for change in stops] == [
        ("stop mesh", 1.0),
        ("stop gate", 1.0),
    ]
