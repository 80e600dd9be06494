"""Systems whose releases have directories of their own, behind a link that a deploy switches."""

from __future__ import annotations

from tests.shapes.systems import SECRET, Installed, page

YARD = Installed(
    install=f"""
set -eu
useradd --system yard
mkdir -p /srv/yard/releases/20261101 /srv/yard/shared/log
echo YARD_TOKEN={SECRET} > /srv/yard/shared/.env
chmod 0640 /srv/yard/shared/.env
cat > /srv/yard/releases/20261101/serve.py <<'PAGE'
{page('{"status": "ok"}', "9300")}PAGE
ln -s /srv/yard/shared/.env /srv/yard/releases/20261101/.env
ln -s /srv/yard/shared/log /srv/yard/releases/20261101/log
python3 -m venv --without-pip /srv/yard/releases/20261101/venv
ln -s releases/20261101 /srv/yard/current
chown -R yard:yard /srv/yard
cat > /etc/systemd/system/yard.service <<'UNIT'
[Unit]
After=network.target
[Service]
User=yard
WorkingDirectory=/srv/yard/current
EnvironmentFile=/srv/yard/current/.env
ExecStart=/srv/yard/current/venv/bin/python serve.py
[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable -q --now yard
""",
    deploy="""
set -eu
cd /srv/yard
cp -a releases/20261101 releases/20261102
rm -rf releases/20261102/venv
runuser -u yard -- python3 -m venv --without-pip releases/20261102/venv
echo '# 2' >> releases/20261102/serve.py
ln -s releases/20261102 fresh
mv -T fresh current
systemctl restart yard
""",
    urls=("localhost:9300/health",),
    remove="systemctl disable -q --now yard; rm /etc/systemd/system/yard.service; "
    "systemctl daemon-reload",
    filled=(("NEW", "20261102"),),
)

LINKED = {"yard": YARD}
