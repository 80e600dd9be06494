"""Thirty-one secrets and a whole incident: in no file, archive, message, output, command line."""

from __future__ import annotations

import gzip
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.planted import EVERY, HOSTED, leaked, run
from tests.plugin.shop import Shop
from tests.unit.support.mailbox import inbox

INCIDENT = (
    ("suites/readiness", "--notify-test"),
    ("suites/triage", "--impact=60%"),
    ("suites/drill", "suites/validate", "--arm=corner", "--incident=INC-7"),
    ("suites/monitor", "--soak=15m", "-o", "rollback_soak_scale=300"),
    ("scripts/checklist", "tick", "root-cause", "--by", "ann"),
    ("scripts/checklist", "show"),
    ("scripts/verify_bundle", "--host"),
    ("scripts/postmortem",),
    ("scripts/index",),
    ("scripts/rollback", "--rollback-target=TARGET", "--undo=RUN", "--arm=corner"),
)


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that knows secrets, and says them in its log."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / ".env").write_text("".join(f"{n}={value}\n" for n, value in HOSTED.items()))
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with (shop.home / "till.log").open("a") as log:
        log.writelines(f"{stamp} ERROR it is {value}, they say\n" for value in EVERY.values())
    yield shop
    shop.down()


def drill(shop: Shop) -> str:
    """Return the name of the rollback, once there is one."""
    return next((path.name for path in shop.state.glob("runs/*")), "none")


def replaced(word: str, known: dict[str, str]) -> str:
    """Return an option with its value."""
    option, equals, value = word.partition("=")
    return f"{option}{equals}{known.get(value, value)}"


def texts(folder: Path) -> dict[str, str]:
    """Return every file as a text, archives unpacked."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            plain = gzip.decompress(raw) if path.suffix == ".gz" else raw
            found[str(path)] = plain.decode("utf-8", "replace")
    return found


def test_a_whole_incident_tells_nobody_a_secret(shop: Shop) -> None:
    """From readiness to undo; only the copies that stay on the host are as their files were."""
    found: dict[str, str] = {}
    with inbox(202) as box:
        hook = {"url": box.url, "variable": "SHOP_PAGER"}
        system = {**shop.document()["system"], "secrets": [".env"]}
        shop.describe(
            system=system, notify={"pager": hook, "status": hook}, configuration={"files": [".env"]}
        )
        for words in INCIDENT:
            command = " ".join(words)
            known = {"RUN": drill(shop), "TARGET": str(shop.manifest)}
            code, printed, lines = run(shop, *(replaced(word, known) for word in words))
            assert code in {0, 1, 10}, printed  # met, not met, and inconclusive: what it was for
            found |= {command: f"{code}\n{printed}", f"processes of {command}": "\n".join(lines)}
    found["messages"] = json.dumps([each["body"] for each in box.requests])
    kept = {name: text for name, text in texts(shop.state).items() if "/snapshot/" not in name}
    everything = {**found, **texts(shop.reports), **kept}

    assert box.requests
    assert sum(name.endswith(".tar.gz") for name in everything) >= 4
    assert "they say" in "".join(everything.values()), "the log was not read at all"
    assert leaked(everything) == []
    assert len(leaked({"the log": (shop.home / "till.log").read_text()})) == len(EVERY)
