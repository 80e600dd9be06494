"""Wheels that a test builds, and the shop that docs/recipes/wheels.md makes of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests import documented
from tests.plugin.shop import Shop, free_port

RECIPE = "docs/recipes/wheels.md"
DOWNLOAD, DEPLOY = "pip download", "venv"
"""Words by which its blocks are found."""

PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "{version}"
dependencies = {needs}
{scripts}
[tool.setuptools]
packages = ["{package}"]
"""

SERVE = """
import http.server, importlib.metadata, json, os
from acme_answer import ANSWER
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        versions = {name: importlib.metadata.version(name) for name in ("acme-shop", "acme-answer")}
        body = json.dumps({**ANSWER, **versions}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest):
        print("asked", flush=True)
def main():
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""


def built(place: Path, name: str, version: str, files: dict[str, str], *needs: str) -> None:
    """Build the wheel of a package into a directory, without network."""
    source, package = place / f"source-{name}-{version}", name.replace("-", "_")
    (source / package).mkdir(parents=True)
    scripts = "[project.scripts]\nshop-serve = 'acme_shop.serve:main'" if needs else ""
    about = {"name": name, "version": version, "package": package, "needs": list(needs)}
    (source / "pyproject.toml").write_text(PROJECT.format(scripts=scripts, **about))
    for path, text in files.items():
        (source / package / path).write_text(text)
    words = ("--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(place / "index"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", *words, str(source)]
    subprocess.run(command, check=True, capture_output=True)


def released(place: Path, version: str) -> None:
    """Build both wheels of a release: the shop, and what it needs in the same version."""
    answer = 'ANSWER = {"state": "fine"}\n'
    built(place, "acme-answer", version, {"__init__.py": answer})
    files = {"__init__.py": "", "serve.py": SERVE}
    built(place, "acme-shop", version, files, f"acme-answer=={version}")


class WheelShop(Shop):
    """The shop of the recipe, with its host in a directory.

    `index` has the wheels, and `printed` is what its deploy printed.
    """

    def __init__(self, home: Path, index: Path) -> None:
        super().__init__(home)
        self.ports, self.index, self.printed = {"shop": free_port()}, index, ""
        (self.root / "releases").mkdir(parents=True)
        (home / "bin").mkdir()
        control = f"{sys.executable} -m supervisor.supervisorctl -s unix://{self.socket}"
        self.stand_in("systemctl", f'exec {control} "$1" "${{2%.service}}"')
        self.stand_in("rollback", f'name=$1; shift; exec rollback "$name" {self.where} "$@"')

    @property
    def where(self) -> str:
        """The options by which each command of the recipe finds what the test has."""
        return f"--target={self.manifest}"

    def stand_in(self, name: str, line: str) -> None:
        """Write a command of the recipe as it has to be called here."""
        path = self.home / "bin" / name
        own = Path(sys.executable).parent / "rollback"
        path.write_text(f"#!/bin/sh\n{line.replace('exec rollback', f'exec {own}')}\n")
        path.chmod(0o755)

    def carried_out(self, word: str, version: str = "2.0", *, check: bool = True) -> str:
        """Carry out the block of the recipe with a word in it, for a version; return the output."""
        text = documented.block(RECIPE, "sh", word)
        for there, here in (("/srv/shop", str(self.root)), ("2.0", version)):
            assert there in text or there == "/srv/shop", there
            text = text.replace(there, here)
        beside = f"{self.home}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
        around = {"PATH": beside, "ROLLBACK_REPORTS": str(self.reports), "COLUMNS": "80"}
        if word == DOWNLOAD:
            around |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self.index)}
        done = subprocess.run(
            ["sh", "-euc", text],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **around},
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def described(self) -> None:
        """Write the recipe's manifest, under supervisord and with the paths of here."""
        text = documented.block(RECIPE, "toml", "[system]")
        manager = f'manager = "supervisord"\nsocket = "{self.socket}"\ndirectory = "{self.home}"\n'
        for there, here in {
            "/var/lib/rollback/shop": str(self.state),
            "/srv/shop": str(self.root),
            "production": "corner",
            "shop.service": "shop",
            ":8000/": f":{self.ports['shop']}/",
            "[release]": f"[services]\n{manager}\n[notify]\nchannels = []\n\n[release]",
            "constructs = []": 'constructs = []\nsettle = "500ms"',
        }.items():
            assert there in text, there
            text = text.replace(there, here)
        self.manifest.write_text(text)

    def sections(self) -> list[str]:
        """Return the unit, which goes by the link as the recipe says."""
        (line,) = {
            each.rpartition("# ExecStart=")[2]
            for each in documented.block(RECIPE, "toml", "[system]").splitlines()
            if "ExecStart=" in each
        }
        program = line.replace("/srv/shop", str(self.root))
        log = f"redirect_stderr=true\nstdout_logfile={self.home}/shop.log\n"
        port = self.ports["shop"]
        return [f'[program:shop]\ncommand={program}\nenvironment=PORT="{port}"\n{log}']

    def first(self) -> None:
        """Bring the first release to the host, as nothing was live before."""
        self.carried_out(DOWNLOAD, "1.0")
        lines = documented.block(RECIPE, "sh", DEPLOY).splitlines()
        made = "\n".join(each for each in lines if "rollback " not in each and "system" not in each)
        made = made.replace("/srv/shop", str(self.root)).replace("2.0", "1.0")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        around = {**os.environ, "PATH": path}
        subprocess.run(["sh", "-euc", made], check=True, capture_output=True, env=around)
        self.start()
        self.wait("1.0")

    def answer(self) -> dict[str, Any]:
        """Return what users get, {} where they get nothing."""
        try:
            place = f"http://127.0.0.1:{self.ports['shop']}/"
            with urllib.request.urlopen(place, timeout=2) as one:
                found: dict[str, Any] = json.loads(one.read())
                return found
        except OSError:
            return {}

    def wait(self, version: str) -> None:
        """Wait until a version answers, with all that it consists of."""
        wanted = {"state": "fine", "acme-shop": version, "acme-answer": version}
        until = time.monotonic() + 30
        while self.answer() != wanted:
            assert time.monotonic() < until, (self.answer(), self.control("status"))
            time.sleep(0.05)
