"""What engines say of containers and images, read from their answers, of podman and of docker."""

from __future__ import annotations

import time

import pytest

from pytest_rollback.agent.errors import HostError
from pytest_rollback.agent.services.compose import states
from pytest_rollback.agent.system.containers import container, engine, images, logs, project

PODMAN = {
    "Id": "c1",
    "Created": "2026-11-29T20:21:27.5Z",
    "Name": "shop_web_1",
    "Path": "/usr/bin/web",
    "Image": "ab12",
    "ImageDigest": "sha256:55b0",
    "ImageName": "localhost/web:1",
    "RestartCount": 2,
    "Dependencies": ["c0"],
    "State": {
        "Status": "running",
        "Pid": 77,
        "ConmonPid": 66,
        "StartedAt": "2026-11-29T21:21:27.25+01:00",
        "Health": {"Status": "unhealthy", "Log": [{"ExitCode": 1, "Output": "x\nno answer\n"}]},
    },
    "Config": {
        "Healthcheck": {"Test": ["CMD", "true"]},
        "Labels": {
            "io.podman.compose.service": "web",
            "com.docker.compose.project.working_dir": "/srv/shop",
            "com.docker.compose.project.config_files": "compose.yaml,more.yaml",
        },
    },
    "HostConfig": {
        "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "53/udp": [{}]},
        "RestartPolicy": {"Name": "always"},
        "LogConfig": {"Type": "k8s-file"},
    },
    "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}},
}
DOCKER = {
    "Id": "d1",
    "Name": "/shop-web-1",
    "Image": "sha256:ab12",
    "State": {"Status": "exited", "ExitCode": 3, "StartedAt": "0001-01-01T00:00:00Z"},
    "Config": {"Image": "web@sha256:9b02", "Labels": {"com.docker.compose.service": "web"}},
    "HostConfig": {"PortBindings": None},
    "NetworkSettings": {"Ports": {}},
}


def test_a_container_of_podman() -> None:
    """Process, monitor, times in any zone, health with its last words, published TCP ports."""
    found = container.read(PODMAN)

    assert (found.name, found.service, found.pid, found.monitor) == ("shop_web_1", "web", 77, 66)
    assert found.started == pytest.approx(container.moment("2026-11-29T20:21:27.25Z"))
    assert (found.health, found.health_said, found.restarts) == ("unhealthy", "no answer", 2)
    assert (found.image, found.digest, found.reference) == (
        "ab12",
        "sha256:55b0",
        "localhost/web:1",
    )
    assert found.ports == (container.PublishedPort(8080, 80, "127.0.0.1"),)
    assert (found.files, found.needs) == (("compose.yaml", "more.yaml"), ("c0",))
    assert (states.of(found), states.detail(found)) == (
        "starting",
        "its health is unhealthy: no answer",
    )


def test_a_container_of_docker() -> None:
    """Without what only podman has; one that failed is no stopped one."""
    found = container.read(DOCKER)

    assert (found.name, found.image, found.reference) == ("shop-web-1", "ab12", "web@sha256:9b02")
    assert (found.started, found.pid, found.health, found.ports) == (0.0, 0, "", ())
    assert (states.of(found), states.detail(found)) == ("failed", "exit code 3")


def test_services_that_have_to_be_up_before() -> None:
    """Docker has them in a label, with how each has to be; podman names containers."""
    labels = {"com.docker.compose.depends_on": "store:service_healthy:false,queue:started:true"}
    told = {**DOCKER, "Config": {"Labels": labels}}

    assert container.read(told).after == ("store", "queue")
    assert (container.read(PODMAN).after, container.read(PODMAN).needs) == ((), ("c0",))


@pytest.mark.parametrize(
    ("code", "killed", "state"),
    [
        (0, False, "inactive"),
        (143, False, "inactive"),
        (137, False, "inactive"),
        (137, True, "failed"),
        (1, False, "failed"),
    ],
)
def test_how_a_container_ended(code: int, killed: bool, state: str) -> None:  # noqa: FBT001
    """By itself, by the signal of a stop, by force, or for want of memory."""
    ended = container.read(DOCKER)._replace(exit_code=code, killed=killed)

    assert states.of(ended) == state


@pytest.mark.parametrize(
    ("status", "policy", "ago", "state"),
    [
        ("stopped", "always", 0.5, "backoff"),
        ("stopped", "no", 0.5, "failed"),
        ("stopped", "always", 60.0, "failed"),
        ("exited", "always", 0.5, "failed"),
        ("restarting", "always", 0.5, "backoff"),
    ],
)
def test_what_an_engine_is_about_to_start_again_is_not_down(
    status: str, policy: str, ago: float, state: str
) -> None:
    """Podman calls it stopped for a moment, docker restarting; neither has a process then."""
    ended = container.read(PODMAN)._replace(
        status=status, pid=0, policy=policy, exit_code=1, ended=time.time() - ago
    )

    assert (states.of(ended), ended.runs) == (state, False)


def test_labels_of_docker_are_one_text() -> None:
    """A value may hold commas."""
    said = "a=1,com.docker.compose.project.config_files=/x/a.yaml,/x/b.yaml,b=2"
    found = project._labels({"Labels": said})  # noqa: SLF001

    assert found["com.docker.compose.project.config_files"] == "/x/a.yaml,/x/b.yaml"
    assert project.is_of(found, "/x/b.yaml")
    assert not project.is_of(found, "/x/c.yaml")


def test_answers_are_a_list_or_a_document_a_line() -> None:
    """Anything else is no answer."""
    assert engine.parsed("") == []
    assert engine.parsed('[{"a": 1}]') == engine.parsed('{"a": 1}\n')
    with pytest.raises(HostError, match="answered no JSON"):
        engine.parsed("Cannot connect")


def test_an_image_has_its_digests_and_platform() -> None:
    """Its own digest, and those of registries; a health command that is off is none."""
    found = images.read(
        {
            "Id": "sha256:ab12",
            "Digest": "sha256:1",
            "RepoDigests": ["r.example.org/web@sha256:2"],
            "RepoTags": ["web:1"],
            "Os": "linux",
            "Architecture": "amd64",
            "Config": {"Cmd": ["web"], "Healthcheck": {"Test": ["NONE"]}},
            "Size": 5,
        }
    )

    assert (found.id, found.digests, found.names) == ("ab12", ("sha256:1", "sha256:2"), ("web:1",))
    assert (found.platform, found.has_health, found.size) == ("linux/amd64", False, 5)


def test_a_line_of_a_log_has_its_time() -> None:
    """One without is kept as it is."""
    assert logs.parsed("2026-11-29T20:21:27Z it runs").text == "it runs"
    assert logs.parsed("it runs") == logs.ContainerLine(0.0, "it runs")
