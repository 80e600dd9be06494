"""The example of docs/adopt.md for supervisord, played from its first step to its last."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import documented
from tests.plugin.shop import SERVICE, Shop, free_port


class Reader(Shop):
    """Who follows the guide, with the sources in a repository and a host without one."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.ports = {"web": free_port()}
        self.sources = home / "sources"
        self.manifest = self.sources / "rollback.toml"

    def up(self) -> None:
        """Write both releases, and run the first one."""
        self.released("1.0")
        self.released("1.1")
        self.deployed("v1.0")
        self.start()

    def git(self, *words: str) -> None:
        """Work in the sources."""
        who = ("-c", "user.name=shop", "-c", "user.email=shop@example.org")
        subprocess.run(["git", "-C", str(self.sources), *who, *words], check=True)

    def released(self, version: str) -> None:
        """Write a release, and tag it."""
        for name, text in {
            "web/serve.py": f"{SERVICE}# {version}\n",
            "config/supervisor/shop-web.conf": self.program(),
            "config/.env": f"VERSION={version}\n",
            f"notes/{version}.txt": "new\n",
        }.items():
            path = self.sources / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("init", "-q")
        self.git("add", ".")
        self.git("commit", "-q", "-m", version)
        self.git("tag", f"v{version}")

    def program(self) -> str:
        """Return how supervisord runs it."""
        return (
            f"[program:shop-web]\ncommand={sys.executable} web/serve.py {self.ports['web']}\n"
            f"directory={self.root}\nredirect_stderr=true\nstdout_logfile={self.home}/web.log\n"
        )

    def sections(self) -> list[str]:
        """Have the daemon include what is installed."""
        return [f"[include]\nfiles={self.home}/conf.d/*.conf\n"]

    def deployed(self, tag: str) -> None:
        """Copy what a release consists of, as the guide's rsync does: nothing is deleted."""
        self.git("checkout", "-q", tag)
        for name in ("web", "config", "notes"):
            shutil.copytree(self.sources / name, self.root / name, dirs_exist_ok=True)
        shutil.copytree(self.root / "config/supervisor", self.home / "conf.d", dirs_exist_ok=True)

    def described(self, target: str) -> None:
        """Write the guide's manifest, with another name of the target and the paths of here."""
        places = {
            "/srv/shop": str(self.root),
            "/var/lib/rollback/shop": str(self.state),
            "/run/supervisor.sock": str(self.socket),
            "/etc/supervisor/conf.d": str(self.home / "conf.d"),
            "localhost:8080": f"127.0.0.1:{self.ports['web']}",
        }
        self.manifest.write_text(documented.manifest("[services]", target, places))

    def saved(self) -> None:
        """Carry out the guide's lines for a host without a repository."""
        lines = documented.block(documented.ADOPT, "sh", "--files-from")
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        subprocess.run(
            ["sh", "-euc", lines],
            cwd=self.sources,
            check=True,
            env={**os.environ, "PATH": path},
        )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A host that runs version 1.0."""
    home = tmp_path / "h"
    home.mkdir()
    reader = Reader(home)
    reader.up()
    yield reader
    reader.down()


def test_the_guide_leads_from_a_host_without_a_repository_to_a_rehearsed_rollback(
    reader: Reader,
) -> None:
    """Described, saved, deployed, READY, rehearsed with another name of the target."""
    reader.described("production")
    reader.saved()
    reader.deployed("v1.1")
    reader.control("restart", "all")
    code, printed = reader.pytest("suites/readiness")
    assert (code, "READY" in printed) == (0, True), printed

    reader.described("staging")
    code, printed = reader.pytest("suites/drill", "--dry-run")
    assert code == 0, printed
    code, printed = reader.pytest("suites/drill", "suites/validate", "--arm=staging")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert (reader.root / "web/serve.py").read_text().endswith("# 1.0\n")
    assert not (reader.root / "notes/1.1.txt").exists()
