"""Who is there: what a process has of a root, whom a stop leaves, and who answers a probe."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent.messages.services.running import AskedPort, UnitOwner
from pytest_rollback.agent.services import registry
from pytest_rollback.agent.services.presence import ports, survivors, traces
from pytest_rollback.agent.services.systemd_parts import run_below, service_of
from pytest_rollback.agent.system import command_lines, processes
from tests.unit.agent.services import test_supervisord

supervisord = test_supervisord.supervisord
Started = Callable[..., processes.Process]
ME = frozenset({os.getuid()})
WAITS = "import time; time.sleep(300)"
QUIET = {"stdin": subprocess.DEVNULL, "start_new_session": True}


@pytest.fixture
def started() -> Iterator[Started]:
    """Start processes in sessions of their own; they are ended afterwards."""
    all_: list[subprocess.Popen[bytes]] = []

    def start(*words: object, **how: object) -> processes.Process:
        child = subprocess.Popen(list(map(str, words)), **{**QUIET, **how})  # type: ignore[call-overload]
        all_.append(child)
        time.sleep(0.4)
        return table()[child.pid]

    yield start
    for child in all_:
        child.kill()
        child.wait()


def table() -> dict[int, processes.Process]:
    """Return all processes, by number."""
    return {one.pid: one for one in processes.processes()}


def with_path(path: object) -> dict[str, str]:
    """Return an environment in which Python looks for modules in a place."""
    return {**os.environ, "PYTHONPATH": str(path)}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A root with a package, and a server that takes the name of an application."""
    root = tmp_path / "shop"
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text(f"{WAITS}\n")
    (tmp_path / "serve.py").write_text(f"{WAITS}\n")
    return root


@pytest.mark.parametrize("users", [ME, frozenset({65534})], ids=["as the user", "as another"])
@pytest.mark.parametrize("how", ["module", "by path", "named"])
def test_a_module_of_the_root_is_known_wherever_it_was_started(
    started: Started, shop: Path, how: str, users: frozenset[int]
) -> None:
    """By `-m` or as a server's word, found by its directory or PYTHONPATH, whoever runs it."""
    words = {
        "module": (["-m", "app.main"], shop, dict(os.environ)),
        "by path": (["-m", "app.main"], "/", with_path(shop)),
        "named": ([shop.parent / "serve.py", "app.main:make"], shop, dict(os.environ)),
    }
    said, directory, environment = words[how]
    one = started(sys.executable, *said, cwd=directory, env=environment)

    why = traces.reason(one, traces.places_of([str(shop)]), users)
    assert why == f"it runs {shop / 'app/main.py'}"


def test_who_has_the_root_on_its_path_or_writes_there_is_of_it(
    started: Started, shop: Path
) -> None:
    """As the units' user; its standard output says nothing."""
    places, log = traces.places_of([str(shop)]), shop / "log"
    holds = f"file = open({str(log)!r}, 'a'); {WAITS}"
    reads = f"file = open({str(shop / 'app/main.py')!r}); {WAITS}"
    found = {
        "path": started(sys.executable, "-c", WAITS, cwd="/", env=with_path(shop)),
        "writes": started(sys.executable, "-c", holds, cwd="/"),
        "reads": started(sys.executable, "-c", reads, cwd="/"),
    }
    with log.open("wb") as out:
        found["printed"] = started(sys.executable, "-c", WAITS, cwd="/", stdout=out)

    assert {name: traces.reason(one, places, ME) for name, one in found.items()} == {
        "path": f"its PYTHONPATH has {shop}",
        "writes": f"it writes {log}",
        "reads": "",
        "printed": "",
    }


@pytest.mark.parametrize("how", ["next door", "tool", "a copy first", "checks a package"])
def test_who_has_nothing_of_the_root_is_none(started: Started, shop: Path, how: str) -> None:
    """A second system with the same modules, a tool of the host, a linter of another account."""
    door = shop.parent / "door" / "app"
    door.mkdir(parents=True)
    (door / "main.py").write_text(f"{WAITS}\n")
    words: dict[str, tuple[list[object], object, dict[str, str]]] = {
        "next door": ([sys.executable, "-m", "app.main"], door.parent, dict(os.environ)),
        "tool": (["tail", "-f", shop / "app/main.py"], shop, dict(os.environ)),
        "a copy first": ([sys.executable, "-m", "app.main"], door.parent, with_path(shop)),
        "checks a package": ([sys.executable, "-c", WAITS, "-p", "app"], shop, dict(os.environ)),
    }
    said, directory, environment = words[how]
    one = started(*said, cwd=directory, env=environment)
    users = frozenset({65534}) if how in {"checks a package", "a copy first"} else ME

    assert traces.reason(one, traces.places_of([str(shop)]), users) == ""


TRAPPED = "trap 'kill $child; exit' TERM; "
HELPER = f'cd /; setsid {sys.executable} -c "{WAITS}" & child=$!; '


@pytest.mark.parametrize(
    ("script", "left"),
    [
        (f"{HELPER} exec sleep 300", 1),
        (f"{HELPER} {TRAPPED} wait", 0),
        ("setsid sleep 300 & exec sleep 300", 0),
        (f'{sys.executable} -c "{WAITS}" & exec sleep 300', 0),
    ],
    ids=["nobody tells it", "its parent ends it", "a tool", "in the group"],
)
def test_who_survives_a_stop_for_certain(
    started: Started, monkeypatch: pytest.MonkeyPatch, script: str, left: int
) -> None:
    """Who left the group that is signalled, where nobody in it takes the signal."""
    monkeypatch.setattr(survivors, "SETTLED", -60.0)
    main = started("bash", "-c", script).pid
    own = frozenset(processes.family(table(), [main]))
    found = survivors.certain(table(), [main], own, 15)
    for pid in own:
        os.kill(pid, 9)

    assert len(found) == left


def test_a_helper_of_a_moment_survives_nothing(started: Started) -> None:
    """What began only now may be gone when the stop comes."""
    main = started("bash", "-c", f"{HELPER} exec sleep 300").pid
    own = frozenset(processes.family(table(), [main]))
    found = survivors.certain(table(), [main], own, 15)
    for pid in own:
        os.kill(pid, 9)

    assert found == []


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.7", True),
        ("::1", True),
        (os.uname().nodename, True),
        ("203.0.113.9", False),
        ("shop.example", False),
    ],
)
def test_which_host_is_this_one(host: str, here: bool) -> None:  # noqa: FBT001
    """Names of ours, and addresses that a socket can be bound to; nobody is asked."""
    assert ports.is_here(host) == here


def test_who_answers_a_probe_is_told() -> None:
    """Its own unit, another one of the system where that may, or somebody else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port, me = server.getsockname()[1], frozenset({os.getpid()})
        health = AskedPort("health", "127.0.0.1", port)
        request = AskedPort("request", "localhost", port, own=False)
        far = AskedPort("far", "203.0.113.9", port)
        unit = UnitOwner("web", "web", asked=(health, request, far))
        look = ports.Ports([unit], table())
        mine = look.answering(unit, (me, {}), (me, {}))
        beside = look.answering(unit, (frozenset({1}), {}), (me, {}))

    assert {name: by.own for name, by in mine.items()} == {"health": 1, "request": 1}
    assert {name: by.own for name, by in beside.items()} == {"health": 0, "request": 1}
    assert [each.pid for each in beside["health"].others] == [os.getpid()]


def test_what_a_program_left_behind_is_known_by_its_environment(
    supervisord: test_supervisord.Supervisord,
) -> None:
    """Also in a session of its own, with init as its parent; another's program is another's."""
    away = f'setsid {sys.executable} -c "{WAITS}" & exec sleep 300'
    script = supervisord.home / "run.sh"
    script.write_text(f"cd /\n{away}\n")
    supervisord.write(steady=f"sh {script}")
    supervisord.reload()
    supervisord.start("steady")
    time.sleep(0.5)
    manager = registry.of(supervisord.address)
    before = manager.origins(["steady"])
    own = processes.family(table(), [supervisord.look("steady")["steady"].pid])
    supervisord.stop("steady")
    left = [pid for pid in own if pid in table() and table()[pid].lives]
    origins = [manager.origin(pid) for pid in left]
    for pid in left:
        os.kill(pid, 9)

    assert before == manager.origins(["steady"]) == {"steady"}
    assert origins == ["steady"]
    assert manager.origin(os.getpid()) == ""


def test_a_program_in_use_that_nobody_names_is_told(
    supervisord: test_supervisord.Supervisord, tmp_path: Path
) -> None:
    """By its directory, also while it waits to be started again; one that is down is none."""
    loop = f"[program:loop]\ncommand=sh -c 'sleep 0.2; exit 1'\ndirectory={tmp_path}\n"
    more = "startsecs=5\nstartretries=90\nautostart=false\n[program:down]\ncommand=sleep 9\n"
    supervisord.write(more=f"{loop}{more}directory={tmp_path}\nautostart=false\n")
    supervisord.reload()
    manager = registry.of(supervisord.address)
    places = traces.places_of([str(tmp_path)])
    before = manager.beside(["steady"], places)
    manager.ask_start("loop")
    time.sleep(0.5)
    found = manager.beside(["steady"], places)
    named = manager.beside(["steady", "loop"], places)
    elsewhere = manager.beside(["steady"], traces.places_of(["/srv/other"]))
    manager.ask_stop("loop")

    assert [each.split()[0] for each in found] == ["loop"]
    assert f"runs {tmp_path}" in found[0]
    assert (before, named, elsewhere) == ([], [], [])


def test_what_systemd_says_of_another_service_is_read() -> None:
    """The program, the script of an interpreter, or the directory; the innermost service."""
    places = traces.places_of(["/srv/shop"])
    line = "{ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 %s ; ignore_errors=no ; }"
    said = {
        "/srv/shop/job.py --all": "/srv/shop/job.py",
        "job.py": "/srv/shop/job.py",
        "/opt/ship.py /srv/shop/log": "",
    }
    found = {
        each: run_below(
            {
                "ExecStart": line % each,
                "WorkingDirectory": "!/srv/shop" if each == "job.py" else "/opt",
            },
            places,
        )
        for each in said
    }

    assert found == said
    assert service_of("/system.slice/user@1.service/app.slice/a.service") == "a.service"
    assert service_of("/user.slice") == ""


def test_a_root_that_is_a_file_is_that_file_alone(started: Started, tmp_path: Path) -> None:
    """What runs it is of the system, gone or not; what has a longer name is not."""
    for name in ("serve", "serve-too"):
        (tmp_path / name).write_text(WAITS)
    places = traces.places_of([str(tmp_path / "serve"), str(tmp_path / "lib")])
    own, other = (started(sys.executable, tmp_path / name) for name in ("serve", "serve-too"))

    assert traces.reason(own, places, ME) == f"it runs {tmp_path}/serve"
    assert traces.reason(other, places, ME) == ""
    assert command_lines.is_of(f"{tmp_path}/serve (deleted)", places)
    assert not command_lines.is_of(f"{tmp_path}/serve/x", places)
    assert command_lines.is_of(f"{tmp_path}/lib/x", places)
