"""Edits the record of a backup set and makes it match the backups: `$RECORD [CODE]` in a defect.

CODE is Python that alters `record`, the document as it is on the host; `link(PATH)` is the entry of
a link below the root, as it is now.
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
    exec(code, {"record": record, "link": partial(link, root)})  # noqa: S102 - the code of our own defects
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


def link(root: Path, path: str) -> dict[str, Any]:
    """Return the entry of a link, as the record of a backup set has it."""
    found = (root / path).lstat()
    owner = {"mode": 0o777, "uid": found.st_uid, "gid": found.st_gid}
    about = {"path": path, **content(os.fsencode((root / path).readlink())), **owner}
    return {**about, "mtime_ns": found.st_mtime_ns, "xattrs": {}, "flags": 0, "kind": "link"}


if __name__ == "__main__":
    edit(
        Path(os.environ["ROOT"]),
        Path(os.environ["STATE"], "backups.json"),
        " ".join(sys.argv[1:]),
    )
