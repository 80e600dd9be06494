"""Packages that a test builds with dpkg-deb, and the repository of them that apt reads."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

SERVE = """import http.server, json, sys
VERSION = {version!r}
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        conf = open("/etc/acme-shop/shop.conf").read().strip()
        body = json.dumps({{"state": "fine", "version": VERSION, "conf": conf}}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def log_message(self, *rest): print("asked", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
SCRIPT = """#!/bin/sh
set -e
echo "$0 $1 offline=$SYSTEMD_OFFLINE" >> /var/log/acme-shop.log
if [ -e /etc/acme-fail ]; then echo "cannot migrate" >&2; exit 1; fi
if [ -e /etc/acme-wait ]; then touch /etc/acme-waits; sleep 30; fi
if [ -d /run/systemd/system ]; then systemctl start acme-shop.service; fi
"""
UNIT = "[Unit]\nDescription=shop {version}\n[Service]\nExecStart=/usr/bin/true\n"


@dataclass
class Package:
    """What a package is made of.

    Args:
        name: of the package.
        version: of the package.
        fields: further lines of its control file.
        files: contents by absolute paths.
        conffiles: paths of those that are configuration.
        scripts: maintainer scripts by name.
    """

    name: str
    version: str
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    conffiles: tuple[str, ...] = ()
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The name of its archive."""
        architecture = self.fields.get("Architecture", "all")
        return f"{self.name}_{self.version.replace(':', '%3a')}_{architecture}.deb"

    def build(self, where: Path) -> Path:
        """Build it; return its archive."""
        tree = where / f"tree-{self.file}.d"
        control = tree / "DEBIAN"
        control.mkdir(parents=True, exist_ok=True)
        lines = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": "all",
            "Maintainer": "Ann <ann@example.org>",
            "Description": "a shop",
            **self.fields,
        }
        (control / "control").write_text("".join(f"{k}: {v}\n" for k, v in lines.items()))
        if self.conffiles:
            (control / "conffiles").write_text("".join(f"{each}\n" for each in self.conffiles))
        for name, text in self.scripts.items():
            (control / name).write_text(text)
            (control / name).chmod(0o755)
        for path, text in self.files.items():
            file = tree / path[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        (control / "md5sums").write_text(self.sums())
        built = where / self.file
        words = ["dpkg-deb", "--root-owner-group", "--build", str(tree), str(built)]
        subprocess.run(words, check=True, capture_output=True)
        return built

    def sums(self) -> str:
        """Return the digests of its files, as debhelper writes them."""
        return "".join(
            f"{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}  {path[1:]}\n"
            for path, text in self.files.items()
            if path not in self.conffiles
        )


def shop(version: str, program: str = "") -> Package:
    """Return a version of the shop; `program` is the section of supervisord for it."""
    files = {
        "/usr/lib/acme-shop/serve.py": SERVE.format(version=version),
        "/usr/lib/acme-shop/VERSION": f"{version}\n",
        "/usr/lib/systemd/system/acme-shop.service": UNIT.format(version=version),
        "/etc/acme-shop/shop.conf": f"conf of {version}\n",
        "/etc/acme-shop/supervisor/shop.conf": program,
    }
    if version != "1.0":
        files["/etc/acme-shop/more.conf"] = f"more of {version}\n"
    conffiles = tuple(path for path in files if path.startswith("/etc/"))
    scripts = {"postinst": SCRIPT, "prerm": SCRIPT}
    return Package("acme-shop", version, {}, files, conffiles, scripts)


def index(repository: Path) -> None:
    """Write the list by which apt knows the archives of a flat repository."""
    parts = []
    for path in sorted(repository.glob("*.deb")):
        said = subprocess.run(
            ["dpkg-deb", "--field", str(path)], check=True, capture_output=True, text=True
        )
        raw = path.read_bytes()
        digest = hashlib.sha256(raw).hexdigest()
        more = f"Filename: ./{path.name}\nSize: {len(raw)}\nSHA256: {digest}\n"
        parts.append(said.stdout + more)
    (repository / "Packages").write_text("\n".join(parts))
