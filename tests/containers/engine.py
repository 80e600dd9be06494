"""A podman of the tests: storage of its own, an image made of this host's Python, and two releases.

Nothing is downloaded: the base image is this host's interpreter with its library, 40 MB.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PODMAN = shutil.which("podman") or "/usr/bin/podman"
PYTHON = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
NEEDS = """
import encodings.idna, http.server, json, os, pathlib, signal, socket, sys, urllib.request
files = {each.__file__ for each in sys.modules.values() if getattr(each, "__file__", None)}
print(*files, sep=chr(10))
for line in open("/proc/self/maps"):
    if ".so" in line:
        print(os.path.realpath(line.split()[-1]))
        print(line.split()[-1])
"""
"""Prints the files of the modules that the server and its health command load, and libraries."""

MOST = 10000
BASE = "localhost/base:1"

SERVE = """
import http.server, os, signal, sys

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
port, release = int(sys.argv[1]), os.environ["RELEASE"]

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sick = release == "ill" or (release == "1" and os.path.exists("/data/ill"))
        bad = sick and self.path == "/inside"
        text = f'{{"status": "ok", "release": "{release}"}}'.encode()
        self.send_response(500 if bad else 200)
        self.end_headers()
        self.wfile.write(text)
    def log_message(self, text, *given):
        if os.environ.get("LOGS"):
            print("INFO answers", flush=True)

print("INFO serves release", release, "on", port, flush=True)
if release == "broken":
    sys.exit("ERROR this release cannot start")
http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()
"""

ASK = "import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/inside', timeout=2)"

WRAPPER = """#!/bin/sh
export CONTAINERS_CONF={home}/containers.conf CONTAINERS_STORAGE_CONF={home}/storage.conf
exec {podman} "$@"
"""

SETTINGS = """[containers]
default_ulimits = ["nofile=1024:{files}", "nproc={processes}:{processes}"]
[engine]
lock_type = "file"
tmp_dir = "{home}/tmp"
{runtime}
"""
"""Limits that this host lets a container have, the runtime that starts one here, and locks apart
from those of another podman of this host."""

STORAGE = """[storage]
driver = "overlay"
graphroot = "{home}/graph"
runroot = "{home}/run"
"""


class Podman:
    """A podman with images and containers of its own, below a directory.

    Args:
        home: the directory; what is in it is removed by `end`.
    """

    def __init__(self, home: Path) -> None:
        self.home, self.bin = home, home / "bin"
        self.bin.mkdir()
        runtime = 'runtime = "runc"' if shutil.which("runc") else ""
        (home / "containers.conf").write_text(
            SETTINGS.format(
                files=_hard(resource.RLIMIT_NOFILE),
                processes=_hard(resource.RLIMIT_NPROC),
                runtime=runtime,
                home=home,
            )
        )
        (home / "storage.conf").write_text(STORAGE.format(home=home))
        wrapper = self.bin / "podman"
        wrapper.write_text(WRAPPER.format(home=home, podman=PODMAN))
        wrapper.chmod(0o755)
        compose = Path(sys.executable).parent / "podman-compose"
        (self.bin / "podman-compose").symlink_to(compose)

    def __call__(self, *argv: str, fails: bool = False) -> str:
        """Run a command and return what it printed."""
        done = subprocess.run(
            [str(self.bin / "podman"), *argv], capture_output=True, text=True, check=False
        )
        assert fails or done.returncode == 0, f"podman {argv}: {done.stderr}"
        return done.stdout.strip()

    @property
    def path(self) -> str:
        """A PATH in which this podman is first."""
        return f"{self.bin}:{os.environ['PATH']}"

    def base(self) -> None:
        """Make the base image: the interpreter of this host, what it loads, and its library."""
        tree = self.home / "tree"
        for path in (PYTHON, *_loaded(), *_linked()):
            _put(tree, path)
        shutil.copytree(
            LIBRARY / "encodings",
            tree / (LIBRARY / "encodings").relative_to("/"),
            dirs_exist_ok=True,
        )
        for name in ("tmp", "etc", "data"):
            (tree / name).mkdir(exist_ok=True)
        archive = self.home / "base.tar"
        subprocess.run(["tar", "cf", archive, "-C", tree, "."], check=True)
        self("import", "--quiet", str(archive), BASE)
        shutil.rmtree(tree)
        archive.unlink()

    def build(self, name: str, release: str) -> str:
        """Build the image of a release; return its id."""
        context = self.home / "context"
        context.mkdir(exist_ok=True)
        (context / "serve.py").write_text(SERVE)
        ask = ASK.format(port=7000)
        (context / "Containerfile").write_text(
            f"FROM {BASE}\nCOPY serve.py /app/serve.py\nENV RELEASE={release}\nWORKDIR /app\n"
            f'HEALTHCHECK --interval=30s --timeout=5s CMD ["{PYTHON}", "-c", "{ask}"]\n'
            f'CMD ["{PYTHON}", "/app/serve.py", "7000"]\n'
        )
        words = ("--format", "docker", "--quiet")
        return self("build", *words, "--tag", name, str(context)).splitlines()[-1]

    def digest(self, image: str) -> str:
        """Return the digest of an image."""
        return self("image", "inspect", "--format", "{{.Digest}}", image)

    def end(self) -> None:
        """Remove all containers and images."""
        self("rm", "--all", "--force", "--time", "0", fails=True)
        self("system", "reset", "--force", fails=True)
        mounted = str(self.home / "graph/overlay")
        subprocess.run(["umount", mounted], capture_output=True, check=False)
        shutil.rmtree(self.home, ignore_errors=True)


def _hard(limit: int) -> int:
    """Return what a container may have of something: never more than this host lets us have."""
    _, hard = resource.getrlimit(limit)
    return min(hard, MOST) if hard > 0 else MOST


def _loaded() -> set[Path]:
    """Return what a Python loads that serves and asks: libraries, and whole packages of modules."""
    said = subprocess.run(
        [PYTHON, "-I", "-c", NEEDS], capture_output=True, text=True, check=True
    ).stdout
    return {Path(line) for line in said.splitlines()}


def _linked() -> set[Path]:
    """Return the libraries of the interpreter under the names by which they are looked for."""
    said = subprocess.run(["ldd", PYTHON], capture_output=True, text=True, check=True).stdout
    return {Path(found) for found in re.findall(r"(/\S+\.so\S*)", said)}


def _put(tree: Path, path: Path) -> None:
    place = tree / path.relative_to("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, place)
    parts = place.name.split(".")
    for end in range(parts.index("so") + 2 if "so" in parts else len(parts), len(parts)):
        short = place.with_name(".".join(parts[:end]))  # libz.so.1 of libz.so.1.2.13
        short.unlink(missing_ok=True)
        short.symlink_to(place.name)
