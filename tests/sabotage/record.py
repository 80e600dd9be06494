"""Edits the record of a backup set and makes it match the backups: `$RECORD [CODE]` in a defect.

CODE is Python that alters `record`, the document as it is on the host.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
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
    exec(code, {"record": record})  # noqa: S102 - the code of our own defects
    match(root, record)
    path.write_text(json.dumps(record))


def match(root: Path, record: dict[str, Any]) -> None:
    """Write down the size and digest that each backup has now; one that is gone keeps them."""
    for entry in record["files"]:
        copy = root / (entry["path"] + record["suffix"])
        if copy.is_file():
            data = copy.read_bytes()
            entry["sha256"], entry["size"] = hashlib.sha256(data).hexdigest(), len(data)


if __name__ == "__main__":
    edit(
        Path(os.environ["ROOT"]),
        Path(os.environ["STATE"], "backups.json"),
        " ".join(sys.argv[1:]),
    )
