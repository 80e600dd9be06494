"""What a run leaves on its host, for the folder of its report: journals, snapshot, logs of a time.

Nothing is changed. Secret files are named and stay here; of other configuration the values of keys
with a name like a secret's are masked.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Sequence

from ..configuration.units import outputs
from ..errors import HostError, shortened
from ..files.handles import REGULAR
from ..messages.rollback.export import Export, ExportRequest
from ..observe.logs import journald, log_file
from ..observe.logs.reading import LineRead
from ..state import lease as leases
from ..state.directory import DIGEST, SNAPSHOT, is_copy
from ..state.journal import MASKED
from ..system.masking.ordinary import NAMES, OF_ONE
from ..system.masking.shapes import masked
from ..system.masking.writings import MARK

JOURNAL = re.compile(r"changes|journal[a-z-]*")
"""The files of a run's folder that are chained by hash."""

HASH = re.compile(r"[0-9a-f]{32,128}")

MOST = 512 << 10
"""Characters of one log or file that are handed over; of a longer one its end."""

SNAPSHOT_DONE = "snapshot done"
"""The event of a run's journal that tells where units have their logs."""

FILES = 500
"""Files of a snapshot that are handed over."""

PATIENCE = 20.0
"""Seconds for all logs together."""

KEYED = re.compile(
    r"(?m)^([ \t]*(?:-[ \t]+)?[\"']?([\w.-]{1,100})[\"']?[ \t]{0,40}[:=][ \t]{0,40})"
    r"([^\"'\s{\[][^\n]*)$"
)
QUOTED = re.compile(
    r"([\"']?(?<![\w.-])([\w.-]{1,100})[\"']?\s{0,40}[:=]\s{0,40})([\"'])(?:\\.|(?!\3).){0,4096}\3"
)
"""Settings of configuration: what comes before the value, the name, the value or its quotes."""


def look(request: ExportRequest) -> Export:
    """Return what is known of a run here."""
    home = leases.folder(request.location.state, request.location.run)
    missing: List[str] = []
    withheld: List[str] = []
    found = dict(journals(home, request.secrets))
    snapshot = dict(kept(os.path.join(home, SNAPSHOT), request.secrets, withheld))
    texts = dict(logs(request, told(found.values()), missing))
    return Export(found, snapshot, texts, tuple(withheld), tuple(missing))


def journals(home: str, secrets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield every journal of a run, whole, but for digests and sizes of secret files."""
    names = sorted(os.listdir(home)) if os.path.isdir(home) else []
    for name in names:
        if JOURNAL.fullmatch(name):
            text = read(os.path.join(home, name))
            yield name, "".join(without(line, secrets) for line in text.splitlines(keepends=True))


def without(line: str, secrets: Sequence[str]) -> str:
    """Return a line of a journal that tells nothing of what is in secret files.

    A digest of a short password can be turned back. The entry keeps its own hash.
    """
    if not any(json.dumps(path)[1:-1] in line for path in secrets):
        return line
    try:
        entry = json.loads(line)
    except ValueError:  # its end is torn, or it is damaged: nobody can tell what is in it
        return ""
    told = untold(entry, secrets, is_of=False)
    return line if told == entry else f"{json.dumps({**told, MASKED: True})}\n"


def untold(value: Any, secrets: Sequence[str], *, is_of: bool) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON without digests and sizes in what names a secret file; `is_of` says it did."""
    if isinstance(value, dict):
        of_it = is_of or any(is_secret(each, secrets) for each in value.values())
        return {
            key: each
            if key == "hash"
            else untold(each, secrets, is_of=of_it or is_secret(key, secrets))
            for key, each in value.items()
        }
    if isinstance(value, list):
        of_it = is_of or any(is_secret(each, secrets) for each in value)
        return [untold(each, secrets, is_of=of_it) for each in value]
    is_size = isinstance(value, int) and not isinstance(value, bool)
    return MARK if is_of and (is_size or HASH.fullmatch(str(value))) else value


def is_secret(value: Any, secrets: Sequence[str]) -> bool:  # noqa: ANN401 - any JSON
    """Return whether a value is the path of a secret file, or of a copy beside one."""
    return isinstance(value, str) and is_copy(value, secrets)


def read(path: str, most: int = 0) -> str:
    """Return a regular file as text, or its end."""
    with open(os.open(path, REGULAR), "rb") as file:
        text = file.read().decode("utf-8", "surrogateescape")
    return text[-most:] if most else text


def kept(folder: str, secrets: Sequence[str], withheld: List[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of a snapshot, but for the secret ones."""
    count = 0
    for here, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(here, name), folder)
            plain = path.partition("/")[2]
            if is_copy(plain, secrets):
                withheld.append(path[: -len(DIGEST)] if path.endswith(DIGEST) else path)
            elif count < FILES:
                count += 1
                text = read(os.path.join(here, name), MOST)
                yield path, masked(text) if path.startswith("logs/") else hidden(text)


def hidden(text: str) -> str:
    """Return configuration in which nothing is that has the name or the shape of a secret."""

    def one(found: re.Match[str]) -> str:
        if not NAMES.search(found[2]) or OF_ONE.search(found[2]):
            return found[0]
        quote = found[3] if found[3] in {"'", '"'} else ""
        comma = "," if found[0].rstrip().endswith(",") and not quote else ""
        return f"{found[1]}{quote}{MARK}{quote}{comma}"

    return masked(KEYED.sub(one, QUOTED.sub(one, text)))


def logs(
    request: ExportRequest, places: Mapping[str, Sequence[str]], missing: List[str]
) -> Iterator[tuple[str, str]]:
    """Yield what each component wrote between two moments; `places` are logs not described."""
    until = time.monotonic() + PATIENCE
    for component in request.components:
        try:
            lines = [
                line
                for log in component.log or places.get(component.unit, ())
                for line in written(request, component.unit, log, until)
            ]
        except (HostError, OSError, EOFError) as why:
            words = getattr(why, "message", None) or getattr(why, "strerror", None) or str(why)
            missing.append(f"the log of {component.name}: {words}")
            continue
        text = "\n".join(lines)
        if len(text) > MOST:
            missing.append(f"the log of {component.name}: only the last {MOST >> 10} KiB")
        yield component.name, masked(lasting(text, MOST))


def lasting(text: str, most: int) -> str:
    """Return the end of a text, cut where a word begins."""
    return shortened(text[::-1], most)[::-1]


def told(texts: Iterable[str]) -> Dict[str, List[str]]:
    """Return the logs of units as the snapshot of a run found them in their files."""
    found: Dict[str, List[str]] = {}
    for line in "\n".join(texts).split("\n"):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if isinstance(entry, dict) and entry.get("event") == SNAPSHOT_DONE:
                found.update(entry.get("logs") or {})
    return found


def written(request: ExportRequest, unit: str, log: str, until: float) -> list[str]:
    """Return the lines of one log of a unit between two moments; one without times as it is."""
    since, end = request.since, request.until
    if log not in outputs.KEPT:
        return list(between(log_file.part(log, since, until).lines, since, end))
    left = max(0.5, until - time.monotonic())
    if log == "journal":
        found = journald.entries(unit, since, left).entries
    else:
        found = journald.of_containers(request.socket, unit, since, left).entries
    return [
        f"{journald.stamped(entry.when)} {unit}[{entry.pid}] <{entry.priority}> {entry.text}"
        for entry in sorted(found, key=lambda entry: entry.when)
        if entry.when <= end
    ]


def between(lines: list[LineRead], since: float, end: float) -> Iterator[str]:
    """Yield the lines of a time; one that has none belongs to the one above it."""
    inside = True
    for line in lines:
        inside = inside if line.when is None else since <= line.when <= end + 1.0
        if inside:
            yield line.text
