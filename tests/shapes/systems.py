"""Systems as people install them on a host with systemd: each is a script, and how it is deployed.

They are read as they would be met: with a virtual environment in the root, a socket in /run, a
template of units, a wrapper in /usr/local/bin.
"""

from __future__ import annotations

from typing import NamedTuple

SECRET = "a-long-and-quiet-winter"  # noqa: S105 - none that opens anything


class Installed(NamedTuple):
    """One system: what installs it, what deploys its next release, and what takes it away.

    `urls` are where all of it answers. `filled` are words of the printed steps that stand for what
    only people know.
    """

    install: str
    deploy: str
    remove: str
    urls: tuple[str, ...]
    filled: tuple[tuple[str, str], ...] = ()

    @property
    def up(self) -> str:
        """The script that waits until all of it answers."""
        asked = (f"until curl -fs -o /dev/null {url}; do sleep 0.1; done" for url in self.urls)
        return "\n".join(asked)


def page(body: str, port: str) -> str:
    """Return a server in Python that answers `/health`, and nothing else."""
    return f"""\
import http.server, json, os, subprocess, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = ({body}) if self.path == "/health" else None
        text = json.dumps(found or {{"error": "not found"}}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words):
        pass

if __name__ == "__main__":
    http.server.ThreadingHTTPServer(("127.0.0.1", {port}), Page).serve_forever()
"""


def tagged(root: str, change: str) -> str:
    """Return a script that makes a repository of a root, with two releases; the first is live."""
    return f"""
cd {root}
git init -q -b main
git config user.name dev
git config user.email dev@example.org
git add .
git commit -q -m 1.0
git tag v1.0
{change}
git commit -q -a -m 1.1
git tag v1.1
git checkout -q v1.0
"""


ASKED = """{"database": "up", "status": "ok"} if not subprocess.call(
            ["psql", "-qtc", "select 1", os.environ["DATABASE_URL"]], stdout=subprocess.DEVNULL
        ) else None"""
"""The answer of a service that asks its database each time."""

BLOG = Installed(
    install=f"""
set -eu
useradd --system blog
install -d -o blog -g blog /srv/blog
python3 -m venv --without-pip /srv/blog/venv
cp -r /var/tmp/flask/. /srv/blog/venv/lib/python3*/site-packages/
cat > /srv/blog/venv/bin/gunicorn <<'RUN'
#!/srv/blog/venv/bin/python3
import sys
from gunicorn.app.wsgiapp import run
sys.exit(run())
RUN
chmod +x /srv/blog/venv/bin/gunicorn
cat > /srv/blog/app.py <<'APP'
from flask import Flask, jsonify

app = Flask(__name__)


@app.get("/")
def posts():
    return "<title>The blog</title>"


@app.get("/healthz")
def health():
    return jsonify(status="ok")
APP
echo SECRET_KEY={SECRET} > /srv/blog/.env
chmod 0600 /srv/blog/.env
printf '.env\\nvenv\\n__pycache__\\n' > /srv/blog/.gitignore
chown -R blog:blog /srv/blog
cat > /tmp/release <<'RELEASE'
set -eu{tagged("/srv/blog", "echo '# 1.1' >> app.py")}
RELEASE
runuser -u blog -- sh /tmp/release
cat > /etc/systemd/system/blog.service <<'UNIT'
[Unit]
After=network.target
[Service]
User=blog
WorkingDirectory=/srv/blog
RuntimeDirectory=blog
EnvironmentFile=/srv/blog/.env
ExecStart=/srv/blog/venv/bin/gunicorn --workers 2 --bind unix:/run/blog/gunicorn.sock app:app
Restart=on-failure
[Install]
WantedBy=multi-user.target
UNIT
cat > /etc/nginx/sites-enabled/blog <<'SITE'
upstream blog {{ server unix:/run/blog/gunicorn.sock; }}
server {{
  listen 8088;
  server_name blog.example.org;
  root /var/www/html;
  if (-f $document_root/maintenance.html) {{ return 503; }}
  error_page 503 @maintenance;
  location @maintenance {{ rewrite ^ /maintenance.html break; }}
  location / {{ proxy_pass http://blog; }}
}}
SITE
systemctl daemon-reload
systemctl enable -q --now blog
systemctl reload nginx
""",
    deploy="cd /srv/blog && runuser -u blog -- git checkout -q v1.1; systemctl restart blog",
    urls=("localhost:8088/healthz",),
    remove="systemctl disable -q --now blog; rm /etc/systemd/system/blog.service "
    "/etc/nginx/sites-enabled/blog; systemctl daemon-reload; systemctl reload nginx",
)

SHOP = Installed(
    install=f"""
set -eu
useradd --system shop
runuser -u postgres -- psql -q -c "create role shop login password '{SECRET}'"
runuser -u postgres -- createdb -O shop shop
install -d -m 0750 -o root -g shop /etc/shop
echo 'DATABASE_URL=postgres://shop:{SECRET}@localhost/shop' > /etc/shop/shop.env
chown root:shop /etc/shop/shop.env
chmod 0640 /etc/shop/shop.env
mkdir -p /srv/shop/web /srv/shop/api
cat > /srv/shop/web/serve.py <<'PAGE'
{page('{"state": "fine"}', "8081")}PAGE
cat > /srv/shop/api/serve.py <<'PAGE'
{page(ASKED, "8082")}PAGE
for part in web api; do
cat > /etc/systemd/system/shop-$part.service <<UNIT
[Unit]
After=network.target postgresql.service $([ $part = web ] && echo shop-api.service)
[Service]
User=shop
WorkingDirectory=/srv/shop/$part
EnvironmentFile=/etc/shop/shop.env
ExecStart=/usr/bin/python3 serve.py
[Install]
WantedBy=multi-user.target
UNIT
done
systemctl daemon-reload
systemctl enable -q --now shop-api shop-web
""",
    deploy="for part in web api; do echo '# 1.1' >> /srv/shop/$part/serve.py; done; "
    "systemctl restart shop-api shop-web",
    urls=("localhost:8081/health", "localhost:8082/health"),
    remove="systemctl disable -q --now shop-api shop-web; rm /etc/systemd/system/shop-*; "
    "systemctl daemon-reload",
    filled=(
        ("OLD", "1.0"),
        ("NEW", "1.1"),
        ("--files-from=CHANGED --added-from=ADDED", "web/serve.py api/serve.py"),
    ),
)

QUEUE = Installed(
    install=f"""
set -eu
useradd --system queue
mkdir -p /opt/queue/deploy/systemd
cat > /opt/queue/serve.py <<'PAGE'
{page('{"alive": True}', "int(sys.argv[1])")}PAGE
cat > /opt/queue/deploy/systemd/queue@.service <<'UNIT'
[Unit]
After=network.target
[Service]
User=queue
WorkingDirectory=/opt/queue
ExecStart=/usr/bin/python3 /opt/queue/serve.py 910%i
[Install]
WantedBy=multi-user.target
UNIT
{tagged("/opt/queue", "echo '# 1.1' >> serve.py")}
cp deploy/systemd/queue@.service /etc/systemd/system/
systemctl daemon-reload
systemctl enable -q --now queue@1 queue@2
""",
    deploy="cd /opt/queue; git checkout -q v1.1; systemctl restart queue@1 queue@2",
    urls=("localhost:9101/health", "localhost:9102/health"),
    remove="systemctl disable -q --now queue@1 queue@2; rm /etc/systemd/system/queue@.service; "
    "systemctl daemon-reload",
)

POST = Installed(
    install=f"""
set -eu
useradd --system post
mkdir -p /opt/post/letters
touch /opt/post/letters/__init__.py
cat > /opt/post/letters/serve.py <<'PAGE'
{page('{"status": "healthy"}', "9200")}PAGE
{tagged("/opt/post", "echo '# 1.1' >> letters/serve.py")}
printf 'POST_HOME=/opt/post\\nPOST_TOKEN={SECRET}\\n' > /etc/default/post
cat > /usr/local/bin/post-run <<'RUN'
#!/bin/sh
. /etc/default/post
cd "$POST_HOME"
exec /usr/bin/python3 -m letters.serve
RUN
chmod +x /usr/local/bin/post-run
cat > /etc/systemd/system/letters.service <<'UNIT'
[Service]
User=post
ExecStart=/usr/local/bin/post-run
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable -q --now letters
""",
    deploy="cd /opt/post; git checkout -q v1.1; systemctl restart letters",
    urls=("localhost:9200/health",),
    remove="systemctl disable -q --now letters; rm /etc/systemd/system/letters.service; "
    "systemctl daemon-reload",
)

SYSTEMS = {"blog": BLOG, "shop": SHOP, "queue": QUEUE, "post": POST}
