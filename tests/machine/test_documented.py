"""The example of docs/adopt.md for ssh and systemd, played from its first step to its last."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_rollback.extras.sandbox.machine.podman import podman
from tests import documented
from tests.machine.host import Host
from tests.plugin.operator import Operator

SERVE = """\
import http.server, json

class Shop(http.server.BaseHTTPRequestHandler):
    def answer(self, found):
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"state": "fine"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"order": 1})

    def log_message(self, *words):
        pass

if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("localhost", 8080), Shop).serve_forever()
"""
UNIT = """\
[Unit]
Description=The shop
[Service]
User=shop
WorkingDirectory=/srv/shop
EnvironmentFile=/srv/shop/config/.env
ExecStart=/usr/bin/python3 -m web.serve
Restart=on-failure
[Install]
WantedBy=multi-user.target
"""
DEPLOYED = f"""\
set -eu
useradd --system shop
useradd --create-home deploy
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
install -d -o deploy -m 0700 /home/deploy/.ssh
install -o deploy -m 0600 /etc/ssh/machine/authorized_keys /home/deploy/.ssh/authorized_keys
echo 'AuthorizedKeysFile /etc/ssh/machine/authorized_keys .ssh/authorized_keys' \\
  > /etc/ssh/sshd_config.d/00-deploy.conf
systemctl reload ssh
install -d -o shop -g shop /srv/shop
cat > /etc/systemd/system/shop-web.service <<'UNIT'
{UNIT}UNIT
cat > /tmp/release <<'RELEASE'
set -eu
cd /srv/shop
git init -q -b main
git config user.name shop
git config user.email shop@example.org
mkdir web config
touch web/__init__.py
cat > web/serve.py <<'SERVE'
{SERVE}SERVE
echo SHOP_KEY=a-long-and-quiet-winter > config/.env
chmod 0600 config/.env
echo config/.env > .gitignore
git add .
git commit -q -m 1.0
git tag v1.0
echo '# 1.1' >> web/serve.py
git commit -q -a -m 1.1
git tag v1.1
git checkout -q v1.0
RELEASE
runuser -u shop -- sh /tmp/release
systemctl daemon-reload
systemctl enable -q --now shop-web
"""


class Shop(Operator):
    """The reader of the guide, with a host that was reached by hand once."""

    def __init__(self, home: Path, host: Host) -> None:
        super().__init__(home, home / "rollback.toml")
        self.host = host
        config = (host.machine.directory / "ssh_config").read_text()
        known = config.replace("Host 127.0.0.1 ", "Host 127.0.0.1 shop.example.org ")
        (home / "ssh_config").write_text(known)

    def script(self, text: str) -> None:
        """Have the host carry out a script, as root."""
        name = self.host.machine.inside.container.name
        podman("exec", "-i", name, "sh", data=text.encode())

    def described(self, path: Path, name: str) -> None:
        """Write the guide's manifest with another name of the target; only ssh is told its way."""
        where = f"shop.example.org?ssh_config={self.home / 'ssh_config'}"
        path.write_text(documented.manifest("ssh://", name, {"shop.example.org": where}))

    def typed(self, *words: str) -> str:
        """Type the guide's line with these words where the file lies; return what it printed."""
        line = documented.command(documented.ADOPT, "rollback", *words)
        done = subprocess.run(
            [sys.executable, "-m", "pytest_rollback.cli.main", *line],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def shop(altered: Host, tmp_path: Path) -> Shop:
    """The shop at its version 1.0."""
    return Shop(tmp_path, altered)


def test_the_guide_leads_from_an_empty_host_to_a_rehearsed_rollback(shop: Shop) -> None:
    """Described, saved, deployed, READY, rehearsed with another name of the target, READY."""
    shop.script(DEPLOYED)
    shop.described(shop.manifest, "production")
    shop.typed("save", "--from-git")
    shop.script(
        "cd /srv/shop && runuser -u shop -- git checkout -q v1.1; systemctl restart shop-web"
    )
    code, printed = shop.pytest("suites/readiness")
    assert (code, "READY" in printed) == (0, True), printed

    shop.described(shop.manifest, "staging")
    code, printed = shop.pytest("suites/drill", "--dry-run")
    assert code == 0, printed
    code, printed = shop.pytest("suites/drill", "suites/validate", "--arm=staging")
    assert (code, "RECOVERED in " in printed) == (0, True), printed
    assert "# 1.1" not in shop.host.run("cat", "/srv/shop/web/serve.py")
