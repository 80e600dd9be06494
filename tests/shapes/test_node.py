"""Node under supervisord: a file of the program's name, `node_modules`, a `.env`, git tags."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.daemon import free_port
from tests.shapes.follower import Follower

SERVER = """\
const http = require("http");
const answer = require("answer");
http.createServer((request, response) => {
  const known = request.url === "/health";
  response.writeHead(known ? 200 : 404, {"Content-Type": "application/json"});
  response.end(JSON.stringify(known ? answer : {error: "not found"}));
}).listen(Number(process.env.PORT), "127.0.0.1");
"""
PYTHON = """\
import http.server, json, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path == "/health"
        body = json.dumps({"status": "ok"} if known else {"error": "not found"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
SECRET = "a-long-and-quiet-winter"  # noqa: S105 - none that opens anything


class NodeHost:
    """A supervisord in a directory of its own, with one program that lives in a git checkout."""

    def __init__(self, home: Path) -> None:
        self.home, self.root, self.port = home, home / "srv/kiosk", free_port()
        self.socket = home / "s.sock"
        self.runtime = shutil.which("node") or sys.executable

    def up(self) -> None:
        """Write both releases, and run the first one."""
        self.root.mkdir(parents=True)
        (self.root / "node_modules/answer").mkdir(parents=True)
        (self.root / "node_modules/answer/index.js").write_text('module.exports = {status: "ok"};')
        (self.root / ".env").write_text(f"SESSION_SECRET={SECRET}\n")
        (self.root / ".gitignore").write_text(".env\nnode_modules\n")
        self.git("init", "-q", "-b", "main")
        for version in ("1.0", "1.1"):
            self.released(version)
        self.git("checkout", "-q", "v1.0")
        (self.home / "conf.d").mkdir()
        (self.home / "conf.d/kiosk.conf").write_text(self.program())
        (self.home / "d.conf").write_text(self.daemon())
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.home / "d.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.wait()

    def released(self, version: str) -> None:
        """Commit a release, and tag it."""
        script = SERVER if "node" in self.runtime else PYTHON
        mark = "//" if "node" in self.runtime else "#"
        (self.root / "server.js").write_text(f"{script}{mark} {version}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", version)
        self.git("tag", f"v{version}")

    def program(self) -> str:
        """Return what supervisord is told of it."""
        return (
            f"[program:kiosk]\ncommand={self.runtime} server.js\ndirectory={self.root}\n"
            f'environment=PORT="{self.port}",DATABASE_URL="postgres://kiosk:{SECRET}@db:5433/sales"\n'
            f"redirect_stderr=true\nstdout_logfile={self.home}/kiosk.log\n"
        )

    def daemon(self) -> str:
        """Return the daemon's own configuration."""
        maker = "supervisor.rpcinterface:make_main_rpcinterface"
        return (
            f"[unix_http_server]\nfile={self.socket}\n[supervisord]\nnodaemon=true\n"
            f"logfile={self.home}/d.log\npidfile={self.home}/d.pid\n"
            f"[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory={maker}\n"
            f"[include]\nfiles={self.home}/conf.d/*.conf\n"
        )

    def git(self, *words: str) -> None:
        """Work in the checkout."""
        who = ("-c", "user.name=kiosk", "-c", "user.email=kiosk@example.org")
        subprocess.run(["git", "-C", str(self.root), *who, *words], check=True)

    def control(self, *words: str) -> str:
        """Return what supervisorctl prints."""
        tool = [sys.executable, "-m", "supervisor.supervisorctl", "-s", f"unix://{self.socket}"]
        return subprocess.run([*tool, *words], capture_output=True, text=True, check=False).stdout

    def wait(self) -> None:
        """Wait until the program runs, and listens."""
        until = time.monotonic() + 120
        while "RUNNING" not in self.control("status") or not self.listens():
            assert time.monotonic() < until, self.control("status")
            time.sleep(0.1)

    def listens(self) -> bool:
        """Tell whether somebody listens on its port."""
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def deploy(self) -> None:
        """Deploy the second release."""
        self.git("checkout", "-q", "v1.1")
        self.control("restart", "kiosk")
        self.wait()

    def down(self) -> None:
        """End the daemon with its program."""
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[NodeHost]:
    """A host that runs version 1.0."""
    host = NodeHost(tmp_path / "h")
    host.home.mkdir()
    host.up()
    yield host
    host.down()


def test_a_node_program_leads_to_ready_without_a_line_by_hand(
    kiosk: NodeHost, tmp_path: Path
) -> None:
    """Described, a first verdict, saved, deployed, READY; the file is the one that is kept."""
    places = {"RUNTIME": kiosk.runtime, "HOME": str(kiosk.home), "PORT": str(kiosk.port)}
    follower = Follower(tmp_path, places)
    printed = follower.init(
        f"--root={kiosk.root}", f"--state={kiosk.home}/state", "--target-name=kiosk"
    )
    follower.compare("node.toml")
    assert SECRET not in printed + follower.manifest.read_text()

    code, printed = follower.pytest("suites/readiness")
    assert (code, "NOT READY" in printed) == (1, True), printed
    follower.carried_out("before v1.1 is deployed, save")
    kiosk.deploy()
    code, printed = follower.pytest("suites/readiness")
    assert (code, "READY" in printed) == (0, True), printed
    code, printed = follower.called("init", "--check", f"--target={follower.manifest}")
    assert code == 0, printed
    follower.note("node")
