"""What the engine tells of a project that runs: processes, ports, health, logs, digests."""

from __future__ import annotations

import time

import pytest

from pytest_rollback.agent.messages.location import Location, Selection
from pytest_rollback.agent.messages.logs import ComponentLog, LogsRequest
from pytest_rollback.agent.messages.services.running import (
    AskedPort,
    Running,
    RunningRequest,
    UnitOwner,
)
from pytest_rollback.agent.messages.services.units import ManagerAddress, UnitRequest
from pytest_rollback.agent.messages.trial import UnitSources
from pytest_rollback.agent.observe.logs import inspection
from pytest_rollback.agent.services import registry, units
from pytest_rollback.agent.services.presence import running
from pytest_rollback.agent.system import sockets
from tests.containers.project import Shop

NOWHERE = Location("/", "", "")


@pytest.fixture
def up(shop: Shop) -> Shop:
    """The project with its first release, as it runs."""
    shop.deploy("localhost/shop:1")
    return shop


def address(shop: Shop) -> ManagerAddress:
    """Return where the manager is reached."""
    return ManagerAddress("compose", str(shop.file))


def looked(shop: Shop) -> Running:
    """Return what runs of the project, and who holds its ports."""
    owners = tuple(
        UnitOwner(name, name, (port,), asked=(AskedPort(name, "127.0.0.1", port),))
        for name, port in shop.ports.items()
    )
    where = Location(str(shop.root), str(shop.home / "state"), ".backup")
    request = RunningRequest(where, address(shop), owners, Selection(()), str(shop.root))
    return running.look(request)


def test_processes_are_those_of_the_container(up: Shop) -> None:
    """Also what `exec` started there; nobody else is of the system."""
    up.podman("exec", "--detach", "shop_web_1", *up.words("import time; time.sleep(60)"))
    found = looked(up)

    assert found.units["store"].number == 1
    assert found.units["web"].number == 2
    assert not found.strangers
    assert not found.units["web"].unhandled


def test_a_published_port_is_held_by_who_listens_behind_it(up: Shop) -> None:
    """The engine's own program that holds it on the host is nobody else."""
    web = looked(up).units["web"]
    (port,) = web.ports.values()

    assert (port.own, port.others, port.hidden) == (1, (), 0)
    assert (web.answering["web"].own, web.answering["web"].others) == (1, ())


def test_a_published_port_behind_which_nobody_listens_is_held_by_nobody(up: Shop) -> None:
    """The engine holds it all the same: it is open, and of no use."""
    up.file.write_text(up.file.read_text().replace(":8000", ":8001"))
    up.compose("up", "--detach")
    (port,) = looked(up).units["web"].ports.values()

    assert up.ports["web"] in sockets.listening()
    assert (port.own, port.others) == (0, ())


def test_a_unit_starts_once_its_health_command_is_content(up: Shop) -> None:
    """On a host without timers, we have the engine run it."""
    state = registry.of(address(up)).state("store").state
    assert (state.state, state.sub) == ("active", "healthy")

    units.stop(UnitRequest(NOWHERE, address(up), "web", 30.0))
    units.stop(UnitRequest(NOWHERE, address(up), "store", 30.0))
    up.podman.build("localhost/shop:ill", "ill")
    up.write("localhost/shop:ill")
    units_request = UnitRequest(NOWHERE, address(up), "store", 8.0)
    with pytest.raises(Exception, match="store does not start: running its health is"):
        units.start(units_request)


def test_a_start_takes_the_file_as_it_is_and_leaves_volumes(up: Shop) -> None:
    """The containers are made anew; what needs them goes with them, and comes at its own start."""
    up.podman("exec", "shop_store_1", *up.words("open('/data/kept', 'w').write('x')"))
    for name in ("web", "store"):
        units.stop(UnitRequest(NOWHERE, address(up), name, 30.0))
    up.write("localhost/shop:2")
    for name in ("store", "web"):
        units.start(UnitRequest(NOWHERE, address(up), name, 90.0))

    assert {up.running(name) for name in ("store", "web")} == {up.image("localhost/shop:2")}
    up.podman("exec", "shop_store_1", *up.words("open('/data/kept')"))


def test_a_crash_loop_is_stopped_for_good(up: Shop) -> None:
    """Also where the container has just ended, and its policy is about to start it again."""
    loop = up.file.read_text().replace('8000"]', '8000"]\n    restart: always')
    loop = loop.replace("/app/serve.py", "-c").replace('"8000"', '"raise SystemExit(1)"')
    up.file.write_text(loop)
    up.compose("up", "--detach", "web")
    for _ in range(4):
        until = time.monotonic() + 20
        while up.podman("inspect", "--format", "{{.State.Status}}", "shop_web_1") != "stopped":
            assert time.monotonic() < until
        units.stop(UnitRequest(NOWHERE, address(up), "web", 30.0))
        time.sleep(1.5)

        assert up.podman("ps", "--quiet", "--filter", "name=shop_web_1") == ""
        up.podman("start", "shop_web_1")


def test_who_is_needed_is_not_taken_away_from_who_runs(up: Shop) -> None:
    """The hint stops who needs it first."""
    up.podman("stop", "--time", "2", "shop_store_1")
    with pytest.raises(Exception, match="shop_web_1 depends on it and runs"):
        units.start(UnitRequest(NOWHERE, address(up), "store", 30.0))


def test_logs_are_what_the_engine_keeps(up: Shop) -> None:
    """Errors count, and a silent log is a fact where what is written would arrive."""
    state = registry.of(address(up)).state("web").state
    said = inspection.look(logs(up, state.since, state.pid)).components["web"]
    assert (said.log, said.problem, said.errors) == ("container", "", 0)
    assert said.lines == 1

    silent = inspection.look(logs(up, time.time(), state.pid)).components["web"]
    assert (silent.problem, silent.lines) == ("", 0)


def logs(shop: Shop, since: float | None, pid: int) -> LogsRequest:
    """Return the request for the log of the web service since a time."""
    asked = ComponentLog("web", "web", (), since, pid)
    sources = UnitSources(address(shop), None, str(shop.root))
    return LogsRequest((asked,), "ERROR", (), 300.0, 30.0, units=sources)
