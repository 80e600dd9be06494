"""Where suites, fixtures and the sandbox's system are, in a checkout and in an installed package.

A checkout has `suites/` and `fixtures/` at its top; the package links to them. A wheel has them in
the package itself. Everybody who looks for a file of ours asks here.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SUITES = PACKAGE / "suites"
VILLAGE = PACKAGE / "fixtures/village"
EXAMPLE = PACKAGE / "rollback.toml"
"""The rollback.toml of the procedure's own system, with a comment on each key."""

MANIFEST = "rollback.toml"


def checkout() -> Path | None:
    """Return the folder of the repository; None where the package was installed from a wheel."""
    found = SUITES.resolve().parent
    return None if found == PACKAGE.resolve() else found


def manual() -> str:
    """Return the path of what explains every key of rollback.toml: a page, or the example."""
    top = checkout()
    found = top / "docs/manifest.md" if top else EXAMPLE
    return os.path.relpath(found) if found.is_relative_to(Path.cwd()) else str(found)


def home() -> Path:
    """Return the folder whose system a command is about, where no target was named.

    It is the current one. Only the scripts of a checkout are about its own from anywhere, but for
    folders with a rollback.toml.
    """
    here, top = Path.cwd(), checkout()
    script = top is not None and Path(sys.argv[0]).resolve().is_relative_to(top / "scripts")
    return top if top and script and not (here / MANIFEST).exists() else here


def found(name: str) -> str:
    """Return how a program of this environment is called: by its name where that finds it."""
    mine = Path(sys.executable).absolute().with_name(name)
    first = shutil.which(name)
    if not mine.exists() or (first and Path(first).absolute() == mine):
        return name
    here = Path.cwd()
    return os.path.relpath(mine, here) if mine.is_relative_to(here) else str(mine)
