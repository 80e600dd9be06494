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
    ELSEWHERE,
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

INTERRUPTED = "Ctrl-C"
"""Stands in a command that is interrupted while it changes files."""

INCIDENT = (
    ("suites/readiness", "--notify-test"),
    ("suites/triage", "--impact=60%"),
    ("suites/drill", "--arm=corner", INTERRUPTED),
    (
        "suites/drill",
        "suites/validate",
        "--arm=corner",
        f"--incident=https://ann:{OWN}@x.example/INC-7",
    ),
    ("suites/monitor", "--soak=15m", "-o", "rollback_soak_scale=300"),
    ("checklist", "tick", "root-cause", "--by", "ann"),
    ("checklist", "show"),
    ("report", "verify", "--host", "--rollback-target=TARGET"),
    ("report", "postmortem"),
    ("report", "list"),
    ("undo", "RUN", "--rollback-target=TARGET", "--arm=corner"),
)


VERDICTS = {
    "suites/drill --arm=corner Ctrl-C": "to resume:",
    "suites/drill suites/validate": "RECOVERED in",
    "undo": "is undone",
}
"""What shows that the incident took place."""

NAMED = [f"secrets/{number}/{form.path}" for number, form in enumerate(FILES)]


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop that knows secrets, and says them in its log."""
    shop = Shop(Path(tempfile.mkdtemp(prefix="shop-")))
    shop.up()
    (shop.root / ".env").write_text("".join(f"{n}={quoted(v)}\n" for n, v in HOSTED.items()))
    (shop.home / "unit.env").write_text(f"QUIET={ELSEWHERE['an absolute path']}\n")
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


def quoted(value: str) -> str:
    """Return a value as shells, dotenv and systemd read it alike."""
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


def drill(shop: Shop) -> str:
    """Return the name of the rollback, once there is one."""
    return next((path.name for path in shop.state.glob("runs/*")), "none")


def replaced(word: str, known: dict[str, str]) -> str:
    """Return an option with its value, or a word that stands for one."""
    option, equals, value = word.partition("=")
    return f"{option}{equals}{known.get(value, value)}" if equals else known.get(word, word)


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
        system = {
            **shop.document()["system"],
            "secrets": [".env", *NAMED, str(shop.home / "unit.env")],
        }
        shop.describe(
            system=system, notify={"pager": hook, "status": hook}, configuration={"files": [".env"]}
        )
        for words in INCIDENT:
            command = " ".join(words)
            known = {"RUN": drill(shop), "TARGET": str(shop.manifest)}
            spoken = [replaced(word, known) for word in words if word != INTERRUPTED]
            phase = "files" if INTERRUPTED in words else ""
            code, printed, lines = run(shop, *spoken, interrupted=phase)
            # Met, not met, and inconclusive are what it was for.
            assert code in ({2} if phase else {0, 1, 10}), printed
            found |= {command: f"{code}\n{printed}", f"processes of {command}": "\n".join(lines)}
    found["messages"] = json.dumps([each["body"] for each in box.requests])
    kept = {name: text for name, text in texts(shop.state).items() if "/snapshot/" not in name}
    everything = {**found, **texts(shop.reports), **kept}

    assert box.requests
    for words, verdict in VERDICTS.items():
        said = [text for each, text in found.items() if each.startswith(words)]
        assert any(verdict in text for text in said), said
    archives = {name.partition(".tar.gz")[0] for name in everything if ".tar.gz" in name}
    assert len(archives) >= 4
    assert "they say" in "".join(everything.values()), "the log was not read at all"
    found_ = leaked(everything)
    exported = "".join(text for name, text in everything.items() if name.endswith("logs/till.log"))
    left = [form.name for form in ORDINARY if form.text.split("\n")[0] in exported]
    masks = sum(text.count("***") for text in everything.values())
    kinds = len(FILES) + len(TEXTS) + 3
    about = f"{len(EVERY)} secrets in {kinds} forms, {len(found_)} found in {len(everything)} texts"
    sys.stdout.write(f"{about}; {masks} masks; {len(left)} of {len(ORDINARY)} ordinary left\n")

    assert found_ == []
    spoken = [name for name, text in everything.items() if OWN in text]
    assert [name for name in spoken if not name.startswith("processes of suites/drill")] == []
    assert left == [form.name for form in ORDINARY]
    assert len(leaked({"the log": (shop.home / "till.log").read_text()})) >= len(EVERY) - len(
        SHAPED
    )
