"""Values that would empty a check or harm the host are refused, and hostile files in words."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_rollback.errors import ManifestError
from pytest_rollback.manifest.load import load
from tests.unit.manifest.test_load import Spoil, complaints, document


def noise(pattern: str) -> dict[str, Any]:
    """Return an entry of noise."""
    return {"pattern": pattern, "owner": "ops", "until": dt.date(2026, 12, 31)}


REFUSED: dict[str, Spoil] = {
    "logs.noise[0].pattern: found '', expected a pattern of particular lines": lambda d: d.update(
        logs={"noise": [noise("")]}
    ),
    "logs.noise[0].pattern: found 'ERROR', expected a pattern of part": lambda d: d.update(
        logs={"noise": [noise("ERROR")]}
    ),
    "logs.noise[0].pattern: found 'o+', expected a pattern of part": lambda d: d.update(
        logs={"noise": [noise("o+")]}
    ),
    "logs.errors: found 'x?', expected a pattern that an empty line": lambda d: d.update(
        logs={"errors": "x?"}
    ),
    "logs.window: found '0s', expected a duration above zero": lambda d: d.update(
        logs={"window": "0s"}
    ),
    "monitor.soak: found '0s', expected a duration above zero": lambda d: d.update(
        monitor={"soak": "0s"}
    ),
    "drills.max_age: found '0d', expected a duration above zero": lambda d: d.update(
        drills={"max_age": "0d"}
    ),
    "monitor.tolerated: found '100%', expected a share below 100%": lambda d: d.update(
        monitor={"tolerated": "100%"}
    ),
    "triage.tolerated: found '100%', expected a share below 100%": lambda d: d.update(
        triage={"tolerated": "100%", "degraded": "100%"}
    ),
    "maintenance.page: found '/etc/passwd', expected a file in a folder of the web": lambda d: d[
        "maintenance"
    ].update(page="/etc/passwd"),
    "maintenance.page: found '/usr/bin/env', expected a file in a folder of the web": lambda d: d[
        "maintenance"
    ].update(page="/usr/bin/env"),
    "system.suffix: found '.py', expected a suffix that no file": lambda d: d["system"].update(
        suffix=".py"
    ),
    "components[0].environment_files[0]: found '-local.env', expected a path: the '-'": lambda d: d[
        "components"
    ][0].update(environment_files=["-local.env"]),
    "components[3].name: found 'shared', expected another name": lambda d: d["components"][
        3
    ].update(name="shared"),
    "edge.url: found 'http://:port', expected a URL": lambda d: d["edge"].update(
        url="http://:port"
    ),
    "probes.query.url: found 'http://localhost:${PORT}/health', expected a URL": lambda d: d[
        "probes"
    ]["query"].update(url="http://localhost:${PORT}/health"),
    "probes.query.url: found 'http://localhost:99999/', expected a URL": lambda d: d["probes"][
        "query"
    ].update(url="http://localhost:99999/"),
    "probes.query.url: found 'http://[::1/health', expected a URL": lambda d: d["probes"][
        "query"
    ].update(url="http://[::1/health"),
    "components[0].log[0]: found 'web.log', expected an absolute path": lambda d: d["components"][
        0
    ].update(log="web.log"),
    "components[0].log: found an empty list, expected at least one": lambda d: d["components"][
        0
    ].update(log=[]),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_empties_a_check_is_refused(said: str) -> None:
    """With one complaint each, which names the key, what was found and what was expected."""
    spoiled = document()
    REFUSED[said](spoiled)
    found = complaints(spoiled)

    assert [each[: len(said)] for each in found] == [said]


def test_one_wrong_key_is_one_complaint() -> None:
    """A list is not called empty because of what is wrong inside it."""
    one = document()
    one["components"] = [{**one["components"][0], "log": [], "unit": "a b", "requests": []}]

    assert sorted(each.partition(":")[0] for each in complaints(one)) == [
        "components[0].log",
        "components[0].unit",
    ]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a = " + b"[" * 100_000, "nested too deep"),
        (b".".join([b"x"] * 50_000) + b" = 1", "nested too deep"),
        (b"a = {" + b" . ".join([b"x"] * 50_000) + b" = 1}", "nested too deep"),
        (b"[" + b".".join([b'"x"'] * 50_000) + b"]", "nested too deep"),
        (b"a = " + b"9" * 5000, "digits"),
        (b"a = 1\x85\nb = [\n", "UTF-8"),
    ],
)
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, raw: bytes, said: str) -> None:
    """Without a traceback, however it is made."""
    path = tmp_path / "rollback.toml"
    path.write_bytes(raw)

    with pytest.raises(ManifestError, match=said):
        load(path)


def test_a_pipe_is_no_manifest(tmp_path: Path) -> None:
    """Nobody waits for what would be written to it."""
    os.mkfifo(tmp_path / "rollback.toml")

    with pytest.raises(ManifestError, match="is not a regular file"):
        load(tmp_path / "rollback.toml")
