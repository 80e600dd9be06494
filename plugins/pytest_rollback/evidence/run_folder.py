"""A run's folder once the run is over: complete, private, and searched for secrets.

Everything was redacted before it was written. This looks at the finished files as whoever finds
them would, decoded in every way: what still holds a secret is removed, and the run says so.
"""

from __future__ import annotations

import json
import os
import stat
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_rollback.agent.system.masking.writings import ValueMask
from pytest_rollback.errors import LeakFound
from pytest_rollback.evidence.redaction import Redactor

if TYPE_CHECKING:
    from pytest_rollback.evidence.json_data import Json

REPORT, DATA, TIMELINE, JUNIT = "report.html", "report.json", "timeline.jsonl", "junit.xml"
OURS = Path(__file__).parents[1]


class SecretHit(NamedTuple):
    """A file that holds a secret, and the name of that secret; never its value."""

    path: Path
    name: str


def write_private(path: Path, text: str) -> None:
    """Write a new file with mode 0600."""
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def seal(folder: Path, record: Json, redactor: Redactor) -> None:
    """Complete a run's folder: the record as JSON, everything redacted, private and searched.

    Raises:
        LeakFound: a file held a secret all the same; it was removed.
        OSError: a file could not be written or read.
    """
    data = json.dumps(redactor.data(record), indent=2)
    try:
        for name, redact in ((TIMELINE, redacted_lines), (JUNIT, redacted_xml)):
            path = folder / name
            if path.is_file() and not path.is_symlink():
                text = path.read_text("utf-8", "replace")
                clean = redact(text, redactor)
                if clean != text:
                    write_private(path, clean)
        write_private(folder / DATA, f"{data}\n")
    finally:  # also what a full disk left half written
        private(folder)
        withdraw(folder, redactor.values)


def redacted_lines(text: str, redactor: Redactor) -> str:
    """Return JSON lines without secrets; a line that was cut off is redacted as a text."""
    return "".join(redacted_line(line, redactor) for line in text.splitlines(keepends=True))


def redacted_line(line: str, redactor: Redactor) -> str:
    """Return one line of JSON without secrets, as it was where there is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return redactor.text(line)
    clean = redactor.data(found)
    return line if clean == found else json.dumps(clean) + "\n"


def redacted_xml(text: str, redactor: Redactor) -> str:
    """Return XML without secrets in its texts and attributes; elements keep their names."""
    try:
        tree = ET.fromstring(text)  # noqa: S314 - pytest has written it a moment ago
    except ET.ParseError:
        return redactor.text(text)
    for each in tree.iter():
        each.text, each.tail = redactor.text(each.text or ""), redactor.text(each.tail or "")
        for name, value in each.attrib.items():
            each.set(name, redactor.text(value))
    return ET.tostring(tree, encoding="unicode", xml_declaration=True)


def private(folder: Path) -> None:
    """Make every file of a folder 0600 and every directory 0700; links are left alone."""
    for root, _, files in os.walk(folder):
        Path(root).chmod(0o700)
        for name in files:
            path = Path(root, name)
            if stat.S_ISREG(path.lstat().st_mode):
                path.chmod(0o600)


def scan(folder: Path, values: Mapping[str, str]) -> list[SecretHit]:
    """Return which files of a folder hold which secrets, in any encoding."""
    masks = {name: ValueMask([value]) for name, value in values.items() if value}
    every = ValueMask(values.values())
    return [
        SecretHit(path, name)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
        for texts in [[text for text in read(path) if every.found(text)]]
        for name, mask in masks.items()
        if any(mask.found(text) for text in texts) and not is_our_word(values[name])
    ]


def read(path: Path) -> Iterator[str]:
    """Yield a file as it is, and as UTF-16 where it may be that."""
    raw = path.read_bytes()
    yield raw.decode("utf-8", "surrogateescape")
    for charset in ("utf-16-le", "utf-16-be") if b"\0" in raw else ():
        yield from (each.decode(charset, "replace") for each in (raw, raw[1:]))


def is_our_word(value: str) -> bool:
    """Return whether a value is a word of the page itself, which every report holds: no leak."""
    named = ("report/html/templates/*", "report/html/*.py", "text/quantities.py", "criteria.py")
    others = ("run/record.py", "incident/checklist.py", "manifest/model.py")
    sources = [path for pattern in (*named, *others) for path in OURS.glob(pattern)]
    return any(value in source.read_text("utf-8") for source in sources)


def withdraw(folder: Path, values: Mapping[str, str]) -> None:
    """Remove every file that holds a secret.

    Raises:
        LeakFound: there was one; it names the files, and the secrets by their variables.
    """
    hits = scan(folder, values)
    names = ", ".join(sorted({hit.name for hit in hits}))
    for path in {hit.path for hit in hits}:
        path.unlink(missing_ok=True)
    if hits:
        raise LeakFound(
            "a file of this run held a secret and was removed",
            hint=f"find what wrote it, and change the secret: {names}",
            findings=[f"{hit.path}: the value of {hit.name}" for hit in hits],
        )
