"""A small system of two components under a real supervisord, deployed once; nothing is fake."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tomli_w

from pytest_rollback.agent.backup import save as backup_save
from tests.plugin.operator import Operator
from tests.unit.support.deployed import saving

SERVICE = """
import datetime, http.server, json, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"state": "fine"}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, form, *rest):
        print(datetime.datetime.now(datetime.timezone.utc).isoformat(), form % rest, flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
NAMES = ("web", "till")


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Shop(Operator):
    """One shop in its own directory. `root` is what is deployed, `state` what is recorded."""

    def __init__(self, home: Path) -> None:
        super().__init__(home, home / "rollback.toml")
        self.root, self.state = home / "srv", home / "state"
        self.ports = {name: free_port() for name in NAMES}
        self.socket = home / "s.sock"
        self.left: list[subprocess.Popen[bytes]] = []

    def up(self) -> None:
        """Install the previous release, save its backups, deploy the current one, start it."""
        for name in self.ports:
            (self.root / name).mkdir(parents=True)
            (self.root / name / "serve.py").write_text(SERVICE)
        (self.root / "motto.txt").write_text("previous\n")
        self.describe()
        self.save()
        for path in self.files():
            with (self.root / path).open("a") as file:
                file.write("# current\n")
        self.start()

    def git(self, *argv: str) -> str:
        """Run git as somebody who commits."""
        words = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *argv]
        done = subprocess.run(words, cwd=self.root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self) -> str:
        """Commit everything and return the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-qm", "release")
        return self.git("rev-parse", "HEAD")

    def files(self) -> list[str]:
        """Return the files that the deploy changes."""
        return ["motto.txt", *(f"{name}/serve.py" for name in self.ports)]

    def save(self, **more: object) -> None:
        """Save the backup set, as the deploy does before it copies files."""
        backup_save.save(saving(self.root, self.state, self.files(), suffix=".prev", **more))

    def broken_again(self) -> None:
        """Deploy once more, where the last deploy was rolled back."""
        if not (self.root / f"{self.files()[0]}.prev").exists():
            self.save()
            for path in self.files():
                with (self.root / path).open("a") as file:
                    file.write("# current\n")
            self.control("restart", "all")

    def document(self) -> dict[str, Any]:
        """Return the shop's description."""
        return {
            "system": {
                "name": "shop",
                "root": str(self.root),
                "state": str(self.state),
                "suffix": ".prev",
            },
            "target": {"name": "corner", "connection": "local://"},
            "services": {
                "manager": "supervisord",
                "directory": str(self.home),
                "socket": str(self.socket),
            },
            "components": [
                {
                    "name": name,
                    "unit": f"shop-{name}",
                    "files": [f"{name}/**"],
                    "health": name,
                    "listens": [self.ports[name]],
                    "log": str(self.home / f"{name}.log"),
                    "settle": "500ms",
                    **{key: [] for key in ("imports", "constructs", "requests")},
                }
                for name in self.ports
            ],
            "notify": {"channels": []},
            "probes": {
                name: {
                    "url": f"http://127.0.0.1:{port}/",
                    "body": '"state": "fine"',
                    "timeout": "2s",
                }
                for name, port in self.ports.items()
            },
        }

    def describe(self, **more: object) -> None:
        """Write rollback.toml."""
        self.manifest.write_text(tomli_w.dumps({**self.document(), **more}))

    def start(self) -> None:
        """Start a supervisord and wait until both units run and answer."""
        lines = [f"[unix_http_server]\nfile={self.socket}\n", "[supervisord]\nnodaemon=true\n"]
        lines += [f"logfile={self.home}/d.log\npidfile={self.home}/d.pid\n"]
        maker = "supervisor.rpcinterface:make_main_rpcinterface"
        lines += [f"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory={maker}\n"]
        lines += self.sections()
        (self.home / "d.conf").write_text("".join(lines))
        daemon = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.home / "d.conf")]
        self.daemon = subprocess.Popen(daemon, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1200):
            if self.control("status").count("RUNNING") >= len(self.ports):
                return
            time.sleep(0.05)
        said = self.control("status")
        self.daemon.terminate()  # no fixture takes down what never came up
        self.daemon.wait()
        raise AssertionError(said)

    def sections(self) -> list[str]:
        """Return what the daemon is told of its units."""
        return [
            f"[program:shop-{name}]\ncommand={sys.executable} {self.root}/{name}/serve.py {port}\n"
            f"redirect_stderr=true\nstdout_logfile={self.home}/{name}.log\n"
            for name, port in self.ports.items()
        ]

    def control(self, *words: str) -> str:
        """Return what supervisorctl prints."""
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-s", f"unix://{self.socket}"]
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        return done.stdout

    def detached(self, *words: str) -> subprocess.Popen[bytes]:
        """Leave a process of the root behind that is of no unit; it ends with `calm`."""
        (self.root / "worker.py").write_text("import time\ntime.sleep(300)\n")
        command = words or (sys.executable, str(self.root / "worker.py"))
        self.left.append(subprocess.Popen(command, start_new_session=True, cwd=self.root))
        return self.left[-1]

    def calm(self) -> None:
        """End what was left behind."""
        for each in self.left:
            each.kill()
            each.wait()
        self.left.clear()

    def down(self) -> None:
        """End the daemon with its units, and remove the directory."""
        self.daemon.terminate()
        self.daemon.wait(20)
        shutil.rmtree(self.home)
