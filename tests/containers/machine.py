"""A host with systemd, and a podman of its own in it, whose units run containers.

Its image is Debian's with podman. Quadlets are read by a generator that writes what podman's own
does: that of Debian 12 has none.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from pytest_rollback.extras.sandbox.machine import debian
from pytest_rollback.extras.sandbox.machine.podman import Container, exists, podman
from tests.containers.engine import PYTHON, Podman
from tests.plugin.operator import Operator

IMAGE = "localhost/rollback-units:1"
CONTAINERFILE = """ARG BASE
FROM ${BASE}
RUN echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/unsafe-io \\
 && apt-get update -qq \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
      systemd systemd-sysv dbus python3 podman crun netavark iptables procps curl cron \\
 && apt-get clean
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
"""
OPTIONS = (
    *("--cap-add=ALL", "--device=/dev/fuse", "--volume=/var/lib/containers"),
    *("--security-opt=seccomp=unconfined", "--security-opt=unmask=ALL"),
)
"""What containers in a container need."""

SETTINGS = """[containers]
cgroups = "disabled"
default_ulimits = ["nofile=1024:10000", "nproc=10000:10000"]
[engine]
runtime = "crun"
"""
"""A container of a container has no control group of its own, where those are of version 1."""

GENERATOR = '''#!/usr/bin/python3
"""What podman's generator writes of a quadlet, as far as the tests have one."""
import configparser, pathlib, sys

for path in pathlib.Path("/etc/containers/systemd").glob("*.container"):
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read(path)
    said = found["Container"]
    pathlib.Path(sys.argv[1], path.stem + ".service").write_text(f"""[Unit]
SourcePath={path}
[Service]
Environment=PODMAN_SYSTEMD_UNIT=%n
KillMode=mixed
ExecStartPre=-/bin/rm -f %t/%N.cid
ExecStop=/usr/bin/podman rm -v -f -i --cidfile=%t/%N.cid
ExecStopPost=-/usr/bin/podman rm -v -f -i --cidfile=%t/%N.cid
Type=notify
NotifyAccess=all
SyslogIdentifier=%N
ExecStart=/usr/bin/podman run --name=systemd-%N --cidfile=%t/%N.cid --replace --rm \\
--sdnotify=conmon -d --network host {said.get("PodmanArgs", "")} {said["Image"]} {said["Exec"]}
""")
'''

UNIT = """[Unit]
Description=A web server in a container
[Service]
ExecStart=/usr/bin/podman run --rm --replace --name shop-web --env LOGS=1 --network host {image}
[Install]
WantedBy=multi-user.target
"""
QUADLET = """[Container]
Image={image}
Exec={python} /app/serve.py 7001
PodmanArgs=--no-healthcheck --env LOGS=1
"""
MANIFEST = """[system]
name = "shop"
root = "/srv/shop"
state = "/var/lib/rollback/shop"

[target]
name = "here"
connection = "podman://{name}"

[services]
manager = "systemd"
source = "units"

[release]
strategy = "images"
images = ["units/web.service", "worker.container"]

[[components]]
name = "web"
unit = "web"
files = ["units/**"]
health = "web"
imports = []
constructs = []
settle = "1s"
start = "90s"
stop = "30s"

[[components]]
name = "worker"
unit = "worker"
files = ["worker.container"]
health = "worker"
imports = []
constructs = []
settle = "1s"
start = "90s"
stop = "30s"

[probes.web]
url = "http://127.0.0.1:7000/"
body = '"status": "ok"'

[probes.worker]
url = "http://127.0.0.1:7001/"
body = '"status": "ok"'

[notify]
channels = []

[logs]
window = "60s"
"""


def image(engine: Podman) -> None:
    """Build the image of the host, once for all sessions, and the archive of two releases."""
    if not exists("image", IMAGE):
        base = debian.base(print)
        with tempfile.TemporaryDirectory(prefix="rollback-units-") as place:
            (Path(place) / "Containerfile").write_text(CONTAINERFILE)
            podman(
                *("build", "--isolation=chroot", "--network=host", "--force-rm"),
                *("--build-arg", f"BASE={base}", "--tag", IMAGE),
                *(f"--volume={here}:{there}:ro" for here, there in debian.settings(Path(place))),
                place,
                timeout=600,
            )
    archive = engine.home / "shop.tar"
    if archive.exists():
        return
    words = ("--format", "docker-archive", "--multi-image-archive", "--output", str(archive))
    engine("save", *words, "localhost/shop:1", "localhost/shop:2")


class UnitHost(Operator):
    """The host, with two units that run containers: one by hand, and one of a quadlet.

    Args:
        engine: has the archive of both releases.
        home: a directory of the test's own.
    """

    def __init__(self, engine: Podman, home: Path) -> None:
        super().__init__(home, home / "rollback.toml")
        self.container = Container(f"rollback-units-{time.monotonic_ns()}")
        self.container.start(IMAGE, *OPTIONS)
        self.manifest.write_text(MANIFEST.format(name=self.container.name))
        self.write("/etc/containers/containers.conf", SETTINGS)
        self.write("/etc/systemd/system-generators/quadlets", GENERATOR)
        self.run("chmod", "755", "/etc/systemd/system-generators/quadlets")
        self.run("mkdir", "-p", "/etc/containers/systemd", "/srv/shop/units")
        self.run("ln", "-s", "/srv/shop/worker.container", "/etc/containers/systemd")
        archive = (engine.home / "shop.tar").read_bytes()
        self.container.run("podman", "load", "--quiet", data=archive)
        self.digests = {each: self.digest(f"localhost/shop:{each}") for each in "12"}

    def run(self, *argv: str) -> str:
        """Run a command in it, as root."""
        return self.container.run(*argv).strip()

    def write(self, path: str, text: str) -> None:
        """Write a file of it."""
        self.run("mkdir", "-p", str(Path(path).parent))
        self.container.run("sh", "-c", f"cat > {path}", data=text.encode())

    def digest(self, name: str) -> str:
        """Return the digest of an image."""
        return self.run("podman", "image", "inspect", "--format", "{{.Digest}}", name)

    def deploy(self, release: str, name: str = "") -> None:
        """Write the files of a release, have them read, and restart the units."""
        named = name or f"localhost/shop@{self.digests[release]}"
        self.write("/srv/shop/units/web.service", UNIT.format(image=named))
        self.write("/srv/shop/worker.container", QUADLET.format(image=named, python=PYTHON))
        self.run("cp", "/srv/shop/units/web.service", "/etc/systemd/system/web.service")
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "restart", "web", "worker")
        self.wait(release)

    def wait(self, release: str) -> None:
        """Wait until both units serve a release."""
        until = time.monotonic() + 60
        while self.serves() != {release}:
            assert time.monotonic() < until, self.run("journalctl", "--no-pager", "-n", "40")
            time.sleep(0.3)

    def serves(self) -> set[str]:
        """Return the releases that answer, "" where none does."""
        script = "for p in 7000 7001; do curl -s -m 2 127.0.0.1:$p || echo none; echo; done"
        lines = self.run("sh", "-c", script).split()
        return {each.strip('"}') for each in lines if each.endswith('"}')} or {""}

    def release(self) -> None:
        """Deploy the first release, save it, and deploy the second one."""
        self.deploy("1")
        code, text = self.rollback("save", "--previous", "v1", "--current", "v2")
        assert code == 0, text
        self.deploy("2")

    def running(self) -> set[str]:
        """Return the digests of the images that both containers run."""
        words = ("inspect", "--format", "{{.ImageName}}", "shop-web", "systemd-worker")
        return {each.rpartition("@")[2] for each in self.run("podman", *words).split()}

    def end(self) -> None:
        """Remove it, with its images."""
        podman("rm", "--force", "--volumes", "--ignore", "--time", "0", self.container.name)
