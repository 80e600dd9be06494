"""One host of a fleet, from within: its own files, network and processes; it waits to be ended."""

from __future__ import annotations

import fcntl
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from pytest_rollback.agent.messages.baseline import BaselineTimes, BaselineUpdate
from pytest_rollback.agent.observe.probes import baseline
from tests.plugin.shop import Shop

PORT = 8101
SERVICE = """
import http.server, json, pathlib, sys
HOME = pathlib.Path(__file__).parents[2]
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ill = (HOME / "ill").exists() and "current" not in (HOME / "srv/motto.txt").read_text()
        body = json.dumps({"state": "ill" if ill else "fine"}).encode()
        self.send_response(500 if ill else 200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, form, *rest):
        print("GET", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
"""The service: where the file `ill` lies beside its root, the previous release is no good."""

LOOPBACK_UP = 0x8914, struct.pack("16sh22x", b"lo", 0x41)
"""`SIOCSIFFLAGS` of `linux/sockios.h`, and `lo` with `IFF_UP | IFF_RUNNING`."""


class HostShop(Shop):
    """A shop with one component, and the same port on every host."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.ports = {"web": PORT}

    def up(self) -> None:
        """Install the previous release, save its backups, deploy the current one, start it."""
        (self.root / "web").mkdir(parents=True)
        (self.root / "web/serve.py").write_text(SERVICE)
        (self.root / "motto.txt").write_text("previous\n")
        self.save()
        for path in self.files():
            with (self.root / path).open("a") as file:
                file.write("# current\n")
        self.start()
        usual = BaselineTimes(50.0, 900.0, 1000.0, 100)
        baseline.save(BaselineUpdate(str(self.state), {"web": usual}))


def main(mine: Path, shown: Path) -> None:
    """Be a host: `mine` is what it has at the path `shown`, which all hosts have in common."""
    subprocess.run(["mount", "--bind", mine, shown], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        fcntl.ioctl(any_, *LOOPBACK_UP)
    HostShop(shown).up()
    sys.stdout.write("up\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
