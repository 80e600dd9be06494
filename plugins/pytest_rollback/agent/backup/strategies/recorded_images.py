"""Releases that are images: what a record remembers of the image that each unit ran.

The record of a backup set has the file that names an image, like any other file. Of the image its
id and digests are kept: a name of it may mean another one tomorrow.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from ...errors import HostError
from ...state.backup_set import BackupSet

PART = "images"
"""Under which name a record has what this strategy remembers."""

HEXADECIMAL = re.compile(r"[0-9a-f]{64}")
AGAIN = "the next deploy saves a new one: rollback save, before it changes the compose file"


class RecordedImage(NamedTuple):
    """The image that a unit ran when the set was saved.

    `image` is its id, `digests` those under which it is known, and `reference` the name by which
    its file asks for it. `platform` is such as `linux/amd64`, `program` what was started in it.
    `has_health` is whether the container had a health command.
    """

    unit: str
    image: str
    digests: Tuple[str, ...]
    reference: str
    platform: str
    program: str
    has_health: bool
    size: int


def text(found: Iterable[RecordedImage]) -> str:
    """Return the JSON that a record has of images."""
    return json.dumps([each._asdict() for each in found])


def of(record: BackupSet) -> List[RecordedImage]:
    """Return the images of a record; none where it has none.

    Raises:
        HostError: what it has of them is damaged.
    """
    try:
        return [_read(each) for each in record.parts.get(PART, [])]
    except (KeyError, TypeError, ValueError) as error:
        raise HostError(f"the record of images is damaged: {error}", AGAIN) from error


def _read(found: Dict[str, Any]) -> RecordedImage:
    known = RecordedImage(**{name: found[name] for name in RecordedImage._fields})
    words = (known.unit, known.image, known.reference, known.platform, known.program)
    if not all(isinstance(each, str) for each in words) or not HEXADECIMAL.fullmatch(known.image):
        raise ValueError(f"{known.unit!r} has no image")
    return known._replace(digests=tuple(map(str, known.digests)))
