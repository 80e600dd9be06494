"""Secrets that are planted in an environment and on a host, and a look for them everywhere."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from tests.corpus.secret_forms import SecretForm, forms
from tests.plugin.operator import REPOSITORY
from tests.plugin.shop import Shop

ODD = ("&", "<", '"', "'", "%", "\\", " ", "/", "=", "ü")
PLANTED = {
    f"PLANTED_TOKEN_{n}": f"{secrets.token_hex(6)}{odd}{n:03d}x" for n, odd in enumerate(ODD)
}
PLANTED |= {
    f"PLANTED_KEY_{n}": f"{secrets.token_hex(6)}\n{secrets.token_hex(8)}{n}" for n in range(10)
}
"""In the operator's environment: with what shells, HTML, JSON and URLs write in their own way."""

TOKEN = f"t0k{secrets.token_hex(4)}&<\"'%"
"""What the pager wants."""

HOSTED = {f"HOSTED_TOKEN_{n}": f"{secrets.token_hex(6)}{odd}{n}z" for n, odd in enumerate(ODD)}
"""In a file with secrets on the host."""


def named(some: list[SecretForm]) -> dict[str, str]:
    """Return the secrets of forms under names; shorter ones are in every text."""
    return {
        f"{form.name}, {number}": value
        for form in some
        for number, value in enumerate(form.secrets)
        if value[7:]
    }


FILES = [form for form in forms("files", "file") if form.secrets]
FILED = named(FILES)
"""In files of every format, each a file of its own."""
ELSEWHERE = {"an absolute path": f"{secrets.token_hex(6)}-elsewhere"}
"""In an environment file outside the root."""

TEXTS, ORDINARY = forms("texts", "text"), forms("texts", "ordinary")
SHAPED = named(TEXTS)
"""In lines of a log, known to nobody: only their shape tells."""

EVERY = {**PLANTED, **HOSTED, **FILED, **ELSEWHERE, **SHAPED, "SHOP_PAGER": TOKEN}


def run(shop: Shop, *words: str, interrupted: str = "") -> tuple[int, str, set[str]]:
    """Run pytest or a command of ours with secrets in its environment.

    Args:
        shop: the system.
        words: what to run.
        interrupted: the phase in whose first change Ctrl-C is pressed, none if empty.

    Returns:
        Its exit code, what it printed, and every command line there was meanwhile.
    """
    if words[0].startswith("suites/"):
        words = ("-m", "pytest", f"--rollback-target={shop.manifest}", *words)
    else:
        words = ("scripts/rollback", *words)
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **PLANTED, "SHOP_PAGER": TOKEN, "ROLLBACK_REPORTS": str(shop.reports)},
    )
    seen: set[str] = set()
    while process.poll() is None:
        for each in Path("/proc").iterdir():
            with contextlib.suppress(OSError):  # it is no process, or ended
                seen.add((each / "cmdline").read_text(errors="replace"))
        if interrupted and has_begun(shop, interrupted):
            process.send_signal(signal.SIGINT)
            interrupted = ""
        time.sleep(0.05)
        if len(seen) > 5000:
            break
    printed, _ = process.communicate()
    return process.returncode, printed, seen


def has_begun(shop: Shop, phase: str) -> bool:
    """Tell whether a run has begun a change of a phase."""
    said = (path.read_text() for path in shop.reports.glob("*/timeline.jsonl"))
    events = [json.loads(line) for text in said for line in text.splitlines() if line[-1] == "}"]
    return any((event["event"], event.get("phase")) == ("begin", phase) for event in events)


def leaks(value: str, text: str) -> bool:
    """Tell whether a text holds a secret as it is, or as something writes it."""
    if "\n" in value:  # the lines of a key are secrets as well
        return any(leaks(line, text) for line in value.splitlines())
    written = {value, json.dumps(value)[1:-1], html.escape(value), quote(value, safe="")}
    written |= {repr(value)[1:-1], base64.b64encode(value.encode()).decode().rstrip("=")[:-1]}
    return any(form in text for form in written)


def leaked(texts: dict[str, str]) -> list[str]:
    """Return which secret is in which text."""
    return [
        f"{name} in {where}"
        for where, text in texts.items()
        for name, value in EVERY.items()
        if leaks(value, text)
    ]
