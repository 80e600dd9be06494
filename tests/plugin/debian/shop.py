"""A system that is a package: installed by apt, run by supervisord, rolled back by its operator."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import tomli_w

from tests.plugin.debian.archive import Package, index, shop
from tests.plugin.debian.host import DebianHost
from tests.plugin.operator import REPOSITORY, Operator, said
from tests.plugin.shop import free_port

BUSY = (
    "readiness.baseline.stored",
    "validate.latency.within_baseline",
    "validate.latency.within_limit",
)
"""Criteria that cannot be met while others work on the machine."""

SUPERVISOR = "supervisor.rpcinterface:make_main_rpcinterface"


class PackagedShop(Operator):
    """The shop on a host of its own, and the commands of its operator, who works there.

    Args:
        home: a directory of the test's own.
        like: another one, whose host, state and repository it begins with.
    """

    def __init__(self, home: Path, like: PackagedShop | None = None) -> None:
        super().__init__(home, home / "rollback.toml")
        self.host = DebianHost(home, like.frozen if like else None)
        self.port, self.state = free_port(), home / "state"
        self.repository, self.socket = home / "repository", home / "s.sock"
        if like:
            shutil.copytree(like.repository, self.repository)
            shutil.copytree(like.state, self.state, symlinks=True)
        else:
            self.repository.mkdir()
            self.publish(shop("1.0", self.program), shop("2.0", self.program))
        self.offer()
        self.describe()

    @property
    def frozen(self) -> Path:
        """Where what was changed on its host is kept, for others that begin with it."""
        return self.home / "frozen"

    def offer(self) -> None:
        """Have apt know the packages of the repository, and no others."""
        sources = self.host.path("/etc/apt/sources.list.d")
        for path in (*sources.iterdir(), self.host.path("/etc/apt/sources.list")):
            path.unlink(missing_ok=True)
        line = f"deb [trusted=yes] file:{self.repository} ./\n"
        self.host.path("/etc/apt/sources.list").write_text(line)
        self.update()

    @property
    def program(self) -> str:
        """Return what supervisord is told of the unit."""
        return (
            f"[program:shop]\ncommand={sys.executable} /usr/lib/acme-shop/serve.py {self.port}\n"
            f"redirect_stderr=true\nstdout_logfile={self.home}/shop.log\n"
        )

    def publish(self, *packages: Package) -> None:
        """Build packages, and list them for apt."""
        for each in packages:
            each.build(self.repository)
        index(self.repository)

    def update(self) -> None:
        """Have apt read what there is."""
        self.host.run("apt-get", "update", "-o", "APT::Sandbox::User=root")

    def install(self, *wanted: str, check: bool = True) -> str:
        """Install packages as a deploy does; return what was printed."""
        words = ("--yes", "--allow-downgrades", "-o", "APT::Sandbox::User=root")
        keep = ("-o", "DPkg::Options::=--force-confold", "--allow-change-held-packages")
        done = self.host.run("apt-get", "install", *words, *keep, *wanted, check=check)
        return done.stdout + done.stderr

    def release(self) -> None:
        """Install the first version, start it, save it, and deploy the second one."""
        self.install("acme-shop=1.0")
        self.start()
        self.save()
        self.deploy("2.0")

    def save(self, *words: str, code: int = 0) -> str:
        """Save the version that is live."""
        found, text = self.rollback("save", "--current=2.0", *words)
        assert found == code, text
        return text

    def deploy(self, version: str) -> None:
        """Install a version and start the unit again."""
        self.install(f"acme-shop={version}")
        self.control("restart", "shop")
        self.wait(version)

    def wait(self, version: str) -> None:
        """Wait until a version answers."""
        until = time.monotonic() + 30
        while self.answer().get("version") != version:
            assert time.monotonic() < until, (self.answer(), self.control("status"))
            time.sleep(0.05)

    def answer(self) -> dict[str, Any]:
        """Return what users get, {} where they get nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=2) as one:
                found: dict[str, Any] = json.loads(one.read())
                return found
        except OSError:
            return {}

    def start(self) -> None:
        """Start supervisord on the host, and wait until the unit answers."""
        text = (
            f"[unix_http_server]\nfile={self.socket}\n[supervisord]\nnodaemon=true\n"
            f"logfile={self.home}/d.log\npidfile={self.home}/d.pid\n"
            f"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory={SUPERVISOR}\n"
            "[include]\nfiles = /etc/acme-shop/supervisor/*.conf\n"
        )
        (self.home / "d.conf").write_text(text)
        place = str(self.home / "d.conf")
        self.host.begun(sys.executable, "-m", "supervisor.supervisord", "-c", place)
        self.wait("1.0")

    def control(self, *words: str) -> str:
        """Return what supervisorctl prints."""
        command = (sys.executable, "-m", "supervisor.supervisorctl", "-s", f"unix://{self.socket}")
        return self.host.run(*command, *words, check=False).stdout

    def installed(self, name: str = "acme-shop") -> str:
        """Return status and version of a package, as dpkg says."""
        form = "--showformat=${db:Status-Want} ${db:Status-Status} ${Version}"
        return self.host.run("dpkg-query", "--show", form, name, check=False).stdout

    def document(self) -> dict[str, Any]:
        """Return the shop's description."""
        until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
        why = "others are busy on this machine at one time, and not at another"
        return {
            "system": {
                "name": "shop",
                "root": "/usr/lib/acme-shop",
                "state": str(self.state),
            },
            "target": {"name": "corner", "connection": "local://"},
            "services": {
                "manager": "supervisord",
                "directory": "/etc/acme-shop/supervisor",
                "socket": str(self.socket),
            },
            "release": {"strategy": "packages", "packages": ["acme-shop"]},
            "components": [
                {
                    "name": "shop",
                    "unit": "shop",
                    "health": "shop",
                    "listens": [self.port],
                    "log": str(self.home / "shop.log"),
                    "settle": "500ms",
                    **{key: [] for key in ("imports", "constructs", "requests", "files")},
                }
            ],
            "notify": {"channels": []},
            "probes": {
                "shop": {
                    "url": f"http://127.0.0.1:{self.port}/",
                    "body": '"state": "fine"',
                    "timeout": "2s",
                }
            },
            "logs": {"window": "2s"},
            "waivers": [
                {"criterion": each, "owner": "tests", "reason": why, "until": until}
                for each in BUSY
            ],
        }

    def describe(self, **more: object) -> None:
        """Write rollback.toml; tables that are given come in the place of others."""
        self.manifest.write_text(tomli_w.dumps({**self.document(), **more}))

    def pytest(self, *words: str) -> tuple[int, str]:
        """Run pytest on the host; return its exit code and what it printed."""
        where = (f"--rollback-target={self.manifest}", "-o", f"rollback_reports={self.reports}")
        return self.there(sys.executable, "-m", "pytest", *where, *words)

    def rollback(self, name: str, *words: str) -> tuple[int, str]:
        """Run a command on the host; return its exit code and what it printed."""
        where = f"--rollback-target={self.manifest}"
        return self.there(sys.executable, "scripts/rollback", name, where, *words)

    def there(self, *words: str) -> tuple[int, str]:
        """Run a command on the host, in the repository."""
        done = subprocess.run(
            [*self.host.door, *words],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            env={**self.host.around, "COLUMNS": "80", "ROLLBACK_REPORTS": str(self.reports)},
        )
        return done.returncode, said(done)

    def ask(self, function: str, **more: object) -> Any:  # noqa: ANN401 - what was answered
        """Call a function of the agent on the host; return its answer as plain data."""
        done = self.host.run(*self.asking(function, **more))
        return json.loads(done.stdout)

    def asking(self, function: str, **more: object) -> tuple[str, ...]:
        """Return the command that calls a function of the agent on the host."""
        location = ["/usr/lib/acme-shop", str(self.state), ".backup", more.pop("run", "")]
        names = self.document()["release"]["packages"]
        request = {"names": names, "pool": str(self.state / "packages"), **more}
        script = Path(__file__).with_name("asked.py")
        return (sys.executable, str(script), function, json.dumps(location), json.dumps(request))

    def down(self) -> None:
        """End the host with all that runs there."""
        self.host.down()
