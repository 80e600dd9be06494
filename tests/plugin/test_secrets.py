"""Some two hundred secrets and a whole incident: in no file, archive, message, command line."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.planted import (
    EVERY,
    FILES,
    HOSTED,
    ORDINARY,
    SHAPED,
    TEXTS,
    leaked,
    run,
)
from tests.plugin.shop import Shop
from tests.unit.support.mailbox import inbox

OWN = "the-operators-0wn"
"""What the operator types himself: in no process but the one that he starts."""

INCIDENT = (
    ("suites/readiness", "--notify-test"),
    ("suites/triage", "--impact=60%"),
    (
        "suites/drill",
        "suites/validate",
        "--arm=corner",
        f"--incident=https://ann:{OWN}@x.example/INC-7",
    ),
    ("suites/monitor", "--soak=15m", "-o", "rollback_soak_scale=300"),
    ("scripts/checklist", "tick", "root-cause", "--by", "ann"),
    ("scripts/checklist", "show"),
    ("scripts/verify_bundle", "--host"),
    ("scripts/postmortem",),
    ("scripts/index",),
    ("scripts/rollback", "--rollback-target=TARGET", "--undo=RUN", "--arm=corner"),
)


NAMED = [f"secrets/{number}/{form.path}" for number, form in enumerate(FILES)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that knows secrets, and says them in its log."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / ".env").write_text("".join(f"{n}={value}\n" for n, value in HOSTED.items()))
    for number, form in enumerate(FILES):
        (shop.root / f"secrets/{number}").mkdir(parents=True)
        (shop.root / f"secrets/{number}/{form.path}").write_text(form.text, "utf-8", newline="")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    known = {name: value for name, value in EVERY.items() if name not in SHAPED}
    with (shop.home / "till.log").open("a") as log:
        log.writelines(f"{stamp} ERROR it is {value}, they say\n" for value in known.values())
        log.writelines(f"{stamp} ERROR {form.text}\n" for form in TEXTS)
        log.writelines(f"{stamp} INFO {form.text}\n" for form in ORDINARY)
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
    """Return every file as texts, archives unpacked."""
    return {
        name: text
        for path in folder.rglob("*")
        if path.is_file()
        for name, text in readings(str(path), path.read_bytes())
    }


def readings(name: str, raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield a content as whoever looks for secrets reads it: members, UTF-16, base64 in it."""
    if raw[:2] == b"\x1f\x8b":
        yield from readings(f"{name} unpacked", gzip.decompress(raw))
    elif zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(io.BytesIO(raw)) as whole:
            for each in whole.namelist():
                yield from readings(f"{name}/{each}", whole.read(each))
    elif raw[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(raw)) as whole_:
            for member in whole_.getmembers():
                file = whole_.extractfile(member) if member.isfile() else None
                if file:
                    yield from readings(f"{name}/{member.name}", file.read())
    else:
        text = raw.decode("utf-8", "replace")
        yield name, text
        yield f"{name} as utf-16", raw.decode("utf-16-le", "replace") if b"\0" in raw else ""
        for number, found in enumerate(re.findall(r"[A-Za-z0-9+/]{200,}={0,2}", text)):
            plain = base64.b64decode(found[: len(found) // 4 * 4])
            yield f"{name}, base64 {number}", plain.decode("utf-8", "replace")


def test_a_whole_incident_tells_nobody_a_secret(shop: Shop) -> None:
    """From readiness to undo; only the copies that stay on the host are as their files were."""
    found: dict[str, str] = {}
    with inbox(202) as box:
        hook = {"url": box.url, "variable": "SHOP_PAGER"}
        system = {**shop.document()["system"], "secrets": [".env", *NAMED]}
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
    archives = {name.partition(".tar.gz")[0] for name in everything if ".tar.gz" in name}
    assert len(archives) >= 4
    assert "they say" in "".join(everything.values()), "the log was not read at all"
    found_ = leaked(everything)
    exported = "".join(text for name, text in everything.items() if name.endswith("logs/till.log"))
    left = [form.name for form in ORDINARY if form.text.split("\n")[0] in exported]
    masks = sum(text.count("***") for text in everything.values())
    kinds = len(FILES) + len(TEXTS) + 2
    about = f"{len(EVERY)} secrets in {kinds} forms, {len(found_)} found in {len(everything)} texts"
    sys.stdout.write(f"{about}; {masks} masks; {len(left)} of {len(ORDINARY)} ordinary left\n")

    assert found_ == []
    spoken = [name for name, text in everything.items() if OWN in text]
    assert [name for name in spoken if not name.startswith("processes of suites/drill")] == []
    assert left == [form.name for form in ORDINARY]
    assert len(leaked({"the log": (shop.home / "till.log").read_text()})) >= len(EVERY) - len(
        SHAPED
    )
