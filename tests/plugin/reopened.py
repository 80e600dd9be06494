"""The shop just after a rollback: the previous release is live again, and nothing of it is fake."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from pytest_rollback.agent.messages.location import Release
from tests.plugin.shop import NAMES, Shop, free_port

SERVICE = """
import datetime, http.server, itertools, json, os, sys, time

name, port, switches = sys.argv[1:4]
numbers = itertools.count(1)

def is_on(switch):
    return os.path.exists(os.path.join(switches, name + "." + switch))

def log(level, text):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    os.write(1, f"{now} {level} {text}\\n".encode())  # whole: threads log at the same time

class Page(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize = "HTTP/1.1", -1
    def answer(self, body):
        number = next(numbers)
        time.sleep(0.03 if is_on("slow") else 0)
        log("ERROR" if is_on("grumble") and number % 10 == 0 else "INFO", self.path)
        wrong = is_on({"/": "flaky", "/order": "lossy"}.get(self.path, "")) and number % 10 == 0
        self.send_response(500 if wrong else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b'{"state": "fine"}')
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"sold": 1}')
    def log_message(self, *rest):
        pass

log("INFO", "open")
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Page).serve_forever()
"""
EDGE = """
import http.client, http.server, os, sys

port, behind, page = sys.argv[1:4]

class Edge(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 503
        if not os.path.exists(page):
            peer = http.client.HTTPConnection("127.0.0.1", int(behind), timeout=2)
            peer.request("GET", "/edge")
            status = peer.getresponse().status
            peer.close()
        self.send_response(status)
        self.end_headers()
    def log_message(self, *rest):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Edge).serve_forever()
"""
MENU = "class Menu:\n    def __init__(self, dish): self.dish = dish\n"
OLD = "2026-01-01T00:00:00.000+00:00 INFO closed\n"
"""A line of long ago: a log whose beginning is lost says nothing of a start."""

RECORDED = ["motto.txt", "config/shop.json", *(f"{name}/serve.py" for name in NAMES)]
UNITS = [f"units/shop-{name}.conf" for name in NAMES]


class Reopened(Shop):
    """A shop whose saved copies are in the evidence already, whose units run, behind its edge."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.edge, self.page = free_port(), home / "www" / "maintenance.html"

    def up(self) -> None:
        """Install the previous release with its record, start it, and keep a baseline of it."""
        for place in ("switches", "units", "www"):
            (self.home / place).mkdir()
        for name, port in self.ports.items():
            self.put(f"{name}/serve.py", SERVICE)
            self.put(f"{name}/extra.py", "extra = 1\n")
            self.put(f"{name}/menu.py", MENU)
            self.put(f"units/shop-{name}.conf", self.section(name, port))
        self.put("motto.txt", "previous\n")
        self.put("web/kept.py", "kept = 1\n")
        self.put("config/shop.json", "{}\n")
        (self.home / "edge.py").write_text(EDGE)
        self.describe()
        self.git("init", "-q")
        previous = Release("1", self.commit())
        self.git("commit", "-q", "--allow-empty", "-m", "release")
        current = Release("2", self.git("rev-parse", "HEAD"))
        self.save(added=["web/added.py"], previous=previous, current=current)
        for path in self.files():
            (self.root / f"{path}.prev").unlink()
        for path in UNITS:
            (self.home / path).write_bytes((self.root / path).read_bytes())
        self.start()
        self.wait()

    def put(self, path: str, text: str) -> None:
        """Write a file below the root."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def section(self, name: str, port: int, **more: object) -> str:
        """Return the unit file of a component."""
        words = f"{self.root}/{name}/serve.py {name} {port} {self.home}/switches"
        settings = {
            "command": f"{sys.executable} {words}",
            "stdout_logfile": self.home / f"{name}.log",
            "redirect_stderr": "true",
            "autorestart": "true",
            **more,
        }
        lines = "".join(f"{key}={value}\n" for key, value in settings.items())
        return f"[program:shop-{name}]\n{lines}"

    def sections(self) -> list[str]:
        """Return what the daemon is told: its units are files, and the edge is none of them."""
        words = f"{self.home}/edge.py {self.edge} {self.ports['web']} {self.page}"
        return [
            f"[include]\nfiles = {self.home}/units/*.conf\n",
            f"[program:edge]\ncommand={sys.executable} {words}\n",
        ]

    def files(self) -> list[str]:
        """Return the files that the deploy had changed."""
        return [*RECORDED, *UNITS]

    def document(self) -> dict[str, Any]:
        """Return the description of everything that validation can look at."""
        document = super().document()
        document["services"].update(source="units", directory=str(self.home / "units"))
        for component in document["components"]:
            name = component["name"]
            menu = {"call": f"{name}.menu:Menu", "arguments": {"dish": "soup"}}
            component.update(imports=[f"{name}.extra"], constructs=[menu], settle="1s")
            component.update(requests=[f"{name}-order"], interpreter=sys.executable)
            health = document["probes"][name]
            health.update(samples=50)
            order = {"method": "POST", "json": {"dish": "soup"}, "body": '"sold": 1', "limit": "2s"}
            document["probes"][f"{name}-order"] = {
                **health,
                **order,
                "url": f"{health['url']}order",
            }
        return {
            **document,
            "configuration": {"files": ["config/shop.json"]},
            "edge": {"url": f"http://127.0.0.1:{self.edge}/"},
            "maintenance": {"page": str(self.page)},
            "fallback": {"git": str(self.root)},
        }

    def revise(self, change: dict[str, Any], name: str = "web") -> None:
        """Change what the description says of one component."""
        components = self.document()["components"]
        next(each for each in components if each["name"] == name).update(change)
        self.describe(components=components)

    def probe(self, name: str, **change: object) -> None:
        """Change what the description says of one probe."""
        probes = self.document()["probes"]
        probes[name].update(change)
        self.describe(probes=probes)

    def switch(self, name: str) -> None:
        """Have a component behave otherwise from now on."""
        (self.home / "switches" / name).touch()

    def touch(self, path: str) -> None:
        """Put a file back as it is, with its times: what `cp -p` of a saved copy does."""
        place = self.root / path
        found, content = place.stat(), place.read_bytes()
        place.unlink()
        place.write_bytes(content)
        os.utime(place, ns=(found.st_atime_ns, found.st_mtime_ns))

    def wait(self) -> None:
        """Wait until both components have said that they are open."""
        for _ in range(200):
            logs = [self.home / f"{name}.log" for name in NAMES]
            if all(log.exists() and log.stat().st_size for log in logs):
                return
            time.sleep(0.05)
        raise AssertionError(self.control("status"))

    def forget(self) -> None:
        """Begin new logs, below a line of old; and have nobody behave otherwise any more."""
        for switch in (self.home / "switches").iterdir():
            switch.unlink()
        for name in NAMES:
            os.truncate(self.home / f"{name}.log", 0)
            with (self.home / f"{name}.log").open("a") as file:
                file.write(OLD)
        self.page.unlink(missing_ok=True)
