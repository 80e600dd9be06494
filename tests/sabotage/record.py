"""Edits the record of a backup set and makes it match the backups: `$RECORD [CODE]` in a defect.

CODE is Python that alters `record`, the document as it is on the host; `entry(PATH)` is that of a
link or an empty directory below the root, as it is now.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any


def edit(root: Path, path: Path, code: str) -> None:
    """Run code on a record, then write down the content that each backup has now.

    Args:
        root: the system's root.
        path: the record.
        code: what alters it.
    """
    record = json.loads(path.read_text())
    exec(code, {"record": record, "entry": partial(entry_of, root)})  # noqa: S102 - the code of our own defects
    match(root, record)
    path.write_text(json.dumps(record))


def match(root: Path, record: dict[str, Any]) -> None:
    """Write down the size and digest that each backup has now; one that is gone keeps them."""
    for entry in record["files"]:
        copy = root / (entry["path"] + record["suffix"])
        if copy.is_symlink() and entry.get("kind") == "link":
            entry.update(content(os.fsencode(copy.readlink())))
        elif copy.is_file():
            entry.update(content(copy.read_bytes()))


def content(data: bytes) -> dict[str, Any]:
    """Return what a record says of these bytes."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def entry_of(root: Path, path: str) -> dict[str, Any]:
    """Return the entry of a link or a directory, as the record of a backup set has it."""
    place = root / path
    found, linked = place.lstat(), place.is_symlink()
    owner = {"mode": found.st_mode & 0o7777, "uid": found.st_uid, "gid": found.st_gid}
    about = {"path": path, **content(os.fsencode(place.readlink()) if linked else b""), **owner}
    more = {"xattrs": {}, "flags": 0, "kind": "link" if linked else "directory"}
    return {**about, "mtime_ns": found.st_mtime_ns, **more}


if __name__ == "__main__":
    edit(
        Path(os.environ["ROOT"]),
        Path(os.environ["STATE"], "backups.json"),
        " ".join(sys.argv[1:]),
    )
