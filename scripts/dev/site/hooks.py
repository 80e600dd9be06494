"""What the site takes from outside of docs/: the pages at the top of the repository.

Their links lead from the top, and those of docs/ to them; both are turned into links of the site.
A link to a file that is no page, such as a script, becomes plain code. What stands behind the
language of a block of code, such as a file's name, becomes its title.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

TOP = Path(__file__).resolve().parents[3]
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#|mailto:)([^)\s]+)\)")
FENCE = re.compile(r"^(```+\w+) (?!title=)(\S.*)$", re.MULTILINE)
SOURCE = re.compile(r"""((?:src|srcset)=")docs/""")


def on_files(files: Files, config: Any) -> Files:  # noqa: ANN401 - the generator's own
    """Add the pages at the top of the repository."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, content=(TOP / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_more: Any) -> str:  # noqa: ANN401
    """Lead every link to a page of the site."""
    own = {page_name: name for name, page_name in PAGES.items()}
    source = own.get(page.file.src_uri, f"docs/{page.file.src_uri}")

    def turned(match: re.Match[str]) -> str:
        path, hash_, anchor = match[2].partition("#")
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        target = PAGES.get(meant, meant.removeprefix("docs/"))
        if files.get_file_from_path(target) is None:
            return f"{match[1]}" if match[1].startswith("`") else f"{match[1]} (`{meant}`)"
        here = posixpath.dirname(page.file.src_uri) or "."
        return f"[{match[1]}]({posixpath.relpath(target, here)}{hash_}{anchor})"

    titled = FENCE.sub(
        lambda found: f'{found[1]} title="{found[2].replace(chr(34), chr(39))}"', markdown
    )
    return SOURCE.sub(r"\1", LINK.sub(turned, titled))
