"""Sites of nginx and caddy, read as they are written, with what they include."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_rollback.agent.services.presence.survey import proxies

MAIN = """
events { worker_connections 8; } # a comment; with { marks }
http {
  upstream shop { server 127.0.0.1:8080; server 127.0.0.1:8081 backup; }
  log_format main '$remote_addr "$request" {}';
  include sites/*;
}
"""
SHOP = """
server {
  listen 80 default_server; listen [::]:80; server_name shop.example.org _;
  root /var/www/html;
  if (-f $document_root/maintenance.html) { return 503; }
  location / { proxy_pass http://shop; }
}
server { listen 443 ssl; location / { proxy_pass http://unix:/run/shop.sock; } }
server { listen 8000; location / { try_files $uri =404; } }
"""


def test_servers_that_pass_on_are_sites(tmp_path: Path) -> None:
    """With the upstream's addresses, the address on this host, and the rule of the page."""
    (tmp_path / "sites").mkdir()
    (tmp_path / "nginx.conf").write_text(MAIN)
    (tmp_path / "sites/shop").write_text(SHOP)
    plain, secure = proxies.nginx(proxies.parsed(str(tmp_path / "nginx.conf"), 0))

    assert plain.url == "http://localhost/"
    assert plain.names == ("shop.example.org", "_")
    assert plain.passes == ("127.0.0.1:8080", "127.0.0.1:8081")
    assert (plain.page, plain.status) == ("/var/www/html/maintenance.html", 503)
    assert plain.file == str(tmp_path / "sites/shop")
    assert (secure.url, secure.passes) == ("https://localhost/", ("/run/shop.sock",))


@pytest.mark.parametrize(
    ("text", "url", "passes"),
    [
        (
            "shop.example.org {\n reverse_proxy localhost:8080\n}",
            "https://shop.example.org/",
            "8080",
        ),
        (":80 {\n reverse_proxy /api/* http://127.0.0.1:9000\n}", "http://localhost:80/", "9000"),
    ],
)
def test_a_caddyfile_is_read(tmp_path: Path, text: str, url: str, passes: str) -> None:
    """A site without a scheme has TLS, and one without a name is asked here."""
    (tmp_path / "Caddyfile").write_text(text)
    (site,) = proxies.caddy(str(tmp_path / "Caddyfile"))

    assert site.url == url
    assert [each.rpartition(":")[2] for each in site.passes] == [passes]
