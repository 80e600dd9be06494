"""`rollback init` on a host whose units run containers: described, saved, rolled back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.manifest.load import load
from tests.containers import machine
from tests.containers.engine import Podman
from tests.containers.machine import UnitHost
from tests.shapes.follower import Follower

ACCOUNT = """
useradd --create-home ann
sed -i /ann/d /etc/subuid /etc/subgid
mkdir -p /etc/systemd/system/user@.service.d /var/lib/systemd/linger
echo '[Service]' > /etc/systemd/system/user@.service.d/runtime.conf
echo 'Environment=XDG_RUNTIME_DIR=/run/user/%i' >> /etc/systemd/system/user@.service.d/runtime.conf
touch /var/lib/systemd/linger/ann
id=$(id -u ann)
install -d -o ann -m 700 /run/user/$id
cd /home/ann
mkdir -p .config/systemd/user .config/containers/systemd
echo '[Service]' > .config/systemd/user/till.service
echo 'ExecStart=/usr/bin/podman events' >> .config/systemd/user/till.service
echo '[Container]' > .config/containers/systemd/mail.container
chown -R ann .
systemctl daemon-reload
systemctl start user@$id
su ann -c "XDG_RUNTIME_DIR=/run/user/$id systemctl --user start till"
"""
"""An account with units of its own: what it runs is a podman, without root."""

AS_ACCOUNT = """[Service]
User=ann
ExecStart=/bin/sh -c 'exec podman events # podman run'
"""


@pytest.fixture
def host(podman: Podman, tmp_path: Path) -> Iterator[UnitHost]:
    """A host on which nothing was deployed yet."""
    machine.image(podman)
    host = UnitHost(podman, tmp_path)
    yield host
    host.end()


class Newcomer(Follower):
    """Somebody who has such a host, and nothing written."""

    def __init__(self, host: UnitHost, home: Path) -> None:
        home.mkdir()
        super().__init__(home, {})
        self.where = f"--connection=podman://{host.container.name}"

    def refused(self, *words: str) -> str:
        """Have the host described, which is refused; return what was printed."""
        code, printed = self.called("init", f"--output={self.manifest}", self.where, *words)
        assert (code, self.manifest.exists()) == (1, False), printed
        return printed

    def described(self, *words: str) -> str:
        """Have the host described; return what is written."""
        self.manifest.unlink(missing_ok=True)
        self.init(self.where, "--target-name=here", *words)
        return self.manifest.read_text()


def test_units_lead_to_recovered_without_a_line_by_hand(host: UnitHost, tmp_path: Path) -> None:
    """A unit by hand, by the copy of its file, and one of a quadlet, by its link."""
    host.deploy("1")
    ann = Newcomer(host, tmp_path / "desk")
    text = ann.described()
    assert "# ?" not in text.partition("[release]")[2].partition("[[components]]")[0]
    system = load(ann.manifest).system
    assert (system.about.root, system.services.source) == ("/srv/shop", "units")
    assert system.release.strategy == "images"
    assert system.release.images == ("units/web.service", "worker.container")
    assert {each.unit: each.files for each in system.components} == {
        "web": ("units/web.service",),
        "worker": ("worker.container",),
    }
    assert [each.start for each in system.components] == [65.0, 30.0]  # one has a health command

    ann.baseline()
    ann.carried_out("save what it changes", ("OLD", "v1"), ("NEW", "v2"))
    host.deploy("2")
    code, printed = ann.called("init", "--check", f"--target={ann.manifest}")
    assert code == 0, printed
    code, printed = ann.pytest("suites/readiness")
    assert (code, "READY" in printed) == (0, True), printed
    code, printed = ann.pytest("suites/drill", "suites/validate", "--arm=here")
    assert (code, "RECOVERED in" in printed) == (0, True), printed
    assert host.running() == {host.digests["1"]}


def test_what_only_a_person_can_mend_is_told_with_what_to_write(
    host: UnitHost, tmp_path: Path
) -> None:
    """A tag with its digest, one that moved, a container without a name, and one that is down."""
    host.deploy("1", "localhost/shop:1")
    ann = Newcomer(host, tmp_path / "desk")
    text = ann.described()
    better = f"which can move: write localhost/shop@{host.digests['1']}"
    assert f"# ? web: localhost/shop:1 in units/web.service is a tag, {better}" in text
    assert f"# ? worker: localhost/shop:1 in worker.container is a tag, {better}" in text
    assert "means another image" not in text

    host.run("podman", "tag", "localhost/shop:2", "localhost/shop:1")
    text = ann.described()
    assert "# ? web: it runs localhost/shop:1, which means another image now" in text
    assert better in text

    host.run("systemctl", "stop", "worker")
    text = ann.described()
    start = "so what it would run was not seen: systemctl start worker, and look again"
    assert re.search(rf"# \? worker: it is (failed|inactive), {start}", text), text
    assert load(ann.manifest).system.release.images == ("units/web.service", "worker.container")


def test_a_unit_without_a_release_and_those_of_accounts_are_told(
    host: UnitHost, tmp_path: Path
) -> None:
    """With the command that makes a directory of releases, by which it is described then."""
    host.deploy("1")
    host.run("sh", "-c", "rm -r /srv/shop/units /etc/containers/systemd/worker.container")
    host.run("sh", "-euc", ACCOUNT)
    ann = Newcomer(host, tmp_path / "desk")
    said = ann.refused()
    assert "web runs a container by /etc/systemd/system/web.service, which is in no" in said
    assert "containers of ann: till.service runs a container, under systemctl --user" in said
    assert "mail.service is made of /home/ann/.config/containers/systemd/mail.contain" in said

    made, _, again = said.partition("have deploys write it there: ")[2].partition(" && ")
    host.run(*made.split())
    assert "--root /srv/web" in " ".join(again.split())
    text = ann.described("--root=/srv/web")
    assert load(ann.manifest).system.release.images == ("units/web.service",)
    assert "# ? not seen: containers of ann: till.service runs a container" in text

    host.write("/srv/web/units/post.service", AS_ACCOUNT)
    host.run("cp", "/srv/web/units/post.service", "/etc/systemd/system")
    host.run("systemctl", "daemon-reload")
    host.run("systemctl", "start", "post")
    assert "# ? post: its podman runs as ann: containers of an account" in ann.described()
