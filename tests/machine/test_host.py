"""The machine is a host as rollback.toml describes production; only the target differs."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
import testinfra

from pytest_rollback.agent.messages.system import TOOLS, ToolsRequest
from pytest_rollback.errors import Unreachable
from pytest_rollback.extras.sandbox.machine.podman import podman
from pytest_rollback.manifest.load import parse
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from tests.machine.host import Host
from tests.plugin.operator import REPOSITORY

UNITS = [f"aivillage-{name}" for name in ("gateway", "p2p", "agents", "rag")]


def test_only_the_target_differs_from_production(host: Host) -> None:
    """Every other table of its description is production's; but a drill wakes nobody."""
    production = tomllib.loads((REPOSITORY / "rollback.toml").read_text())
    described = tomllib.loads(host.original)
    told = {"target", "notify", "contacts"}

    assert described["target"] != production["target"]
    assert described.keys() == production.keys()
    assert all(described[key] == production[key] for key in production.keys() - told)


def test_everything_of_a_host_runs_under_its_init(host: Host) -> None:
    """Systemd is the first process, and all that it was to start is up."""
    inside = testinfra.get_host(f"podman://{host.machine.inside.container.name}")

    assert host.run("cat", "/proc/1/comm") == "systemd"
    assert host.run("systemctl", "is-system-running") == "running"
    for unit in (*UNITS, "nginx", "ssh", "postgresql@15-main"):
        assert inside.service(unit).is_running, unit
        assert inside.service(unit.replace("@15-main", "")).is_enabled, unit
    assert inside.process.filter(user="aivillage", comm="python"), "units run as the service user"


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_those_of_the_release(host: Host, unit: str) -> None:
    """With their environment file, restart limits and order."""
    told = host.run(
        *("systemctl", "show", unit, "--property"),
        "User,EnvironmentFiles,StartLimitBurst,StartLimitIntervalUSec,After,FragmentPath",
    )
    found = dict(line.split("=", 1) for line in told.splitlines())

    assert found["User"] == "aivillage"
    assert "/opt/aivillage/config/.env" in found["EnvironmentFiles"]
    assert (found["StartLimitBurst"], found["StartLimitIntervalUSec"]) == ("5", "1min")
    assert found["FragmentPath"] == f"/etc/systemd/system/{unit}.service"
    assert unit == UNITS[0] or "aivillage-" in found["After"]


def test_it_is_reached_on_loopback_alone(host: Host) -> None:
    """What is published of it listens on no other address."""
    published = podman("port", host.machine.inside.container.name).decode().splitlines()

    assert len(published) == 2
    assert all(line.split(" -> ")[1].startswith("127.0.0.1:") for line in published)


def key(path: Path) -> str:
    """Make a key that nobody knows; return its public half as hosts are known by."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def client(host: Host, folder: Path, name: str, instead: Path) -> Path:
    """Return an ssh configuration for the machine in which one file is another one."""
    config, directory = folder / "ssh_config", host.machine.directory
    text = (directory / "ssh_config").read_text()
    config.write_text(text.replace(f"{directory}/{name}", str(instead)))
    return config


def test_only_its_own_key_opens_it(host: Host, tmp_path: Path) -> None:
    """No password is asked for, and a foreign key is refused."""
    key(tmp_path / "foreign")
    config = client(host, tmp_path, "key", tmp_path / "foreign")
    mine, foreign = host.ssh(host.machine.directory / "ssh_config"), host.ssh(config)

    assert mine.stdout.strip() == "root"
    assert foreign.returncode == 255
    assert "Permission denied (publickey)" in foreign.stderr


def test_another_host_key_is_refused(host: Host, tmp_path: Path) -> None:
    """The host key is known before anybody asks the network for it."""
    known, port = tmp_path / "known", host.machine.inside.ports["ssh"]
    known.write_text(f"[127.0.0.1]:{port} {key(tmp_path / 'other')}\n")
    config = client(host, tmp_path, "known_hosts", known)
    target = {**host.machine.manifest["target"]}
    target["connection"] = f"ssh://root@127.0.0.1:{port}?ssh_config={config}"
    system = parse({**host.machine.manifest, "target": target}, "here")

    with pytest.raises(Unreachable, match="host key"):
        Connection(system).ask(Call(TOOLS, ToolsRequest("/", ())))


def test_users_get_the_page_for_as_long_as_it_exists(altered: Host) -> None:
    """Nginx needs no reload for it: 503 with the page, then the system again."""
    page = "/var/www/html/maintenance.html"
    ask = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://localhost/health")
    before = altered.run(*ask)
    altered.run("sh", "-c", f"echo 'System maintenance in progress' > {page}")
    shown, body = altered.run(*ask), altered.run("curl", "-s", "http://localhost/anything")
    altered.run("rm", page)

    assert (before, shown, altered.run(*ask)) == ("200", "503", "200")
    assert body == "System maintenance in progress"


def test_the_history_belongs_to_the_service_user_and_is_clean(host: Host) -> None:
    """Both releases are tags; nothing but the libraries differs from the current one."""
    git = ("runuser", "-u", "aivillage", "--", "git", "-C", "/opt/aivillage")

    assert host.run(*git, "tag").split() == ["v1.4.0", "v1.5.0"]
    assert host.run(*git, "status", "--porcelain") == "?? venv/"
