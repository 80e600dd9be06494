"""Pages that are made of the code: written between their marks, and found where they are stale."""

from __future__ import annotations

from pathlib import Path

from tests.architecture.figures import part, renewed
from tests.documents import criteria, options

REPOSITORY = Path(__file__).parents[2]
MADE = {
    "docs/reference/criteria.md": {"criteria": criteria.table},
    "docs/reference/options.md": {"options": options.table},
}
"""Each page, and what makes the text between its marks."""


def stale() -> list[str]:
    """Return the pages whose text is not what it would be made now."""
    return [
        name
        for name, parts in MADE.items()
        if any(
            part((REPOSITORY / name).read_text(), mark) != made() for mark, made in parts.items()
        )
    ]


def write() -> None:
    """Renew every page."""
    for name, parts in MADE.items():
        page = REPOSITORY / name
        page.write_text(renewed(page.read_text(), {mark: made() for mark, made in parts.items()}))
