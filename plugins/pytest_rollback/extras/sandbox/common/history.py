"""The release history: a git repository at the root, one commit and one tag per release."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_rollback.errors import Unfinished

if TYPE_CHECKING:
    from pathlib import Path

SOMEBODY = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "release",
    "GIT_AUTHOR_EMAIL": "release@localhost",
    "GIT_COMMITTER_NAME": "release",
    "GIT_COMMITTER_EMAIL": "release@localhost",
}


@dataclass(frozen=True)
class History:
    """The repository of a root."""

    root: Path

    def git(self, *arguments: str, **variables: str) -> str:
        """Run git in the repository and return what it said, without the line's end.

        Raises:
            Unfinished: it failed; in its own words.
        """
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self.root,
                env={"PATH": os.environ.get("PATH", os.defpath), **SOMEBODY, **variables},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except FileNotFoundError as error:
            raise Unfinished("git is not installed", hint="install git") from error
        if done.returncode:
            raise Unfinished(
                f"git {arguments[0]} failed: {done.stderr.strip()}", hint=f"see {self.root}"
            )
        return done.stdout.strip()

    def begin(self, name: str) -> None:
        """Make what lies below the root the first release."""
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"Release {name}")
        self.git("tag", tag(name))

    def commit(self, name: str) -> str | None:
        """Return the commit of a release, if the history has it."""
        found = self.git("for-each-ref", "--format=%(objectname)", f"refs/tags/{tag(name)}")
        return found or None

    def record(self, name: str, folder: Path, parent: str) -> str:
        """Return the commit of a release on top of another; what lies below the root stays."""
        index = {"GIT_INDEX_FILE": str(self.root / ".git/incoming")}
        self.git("read-tree", parent, **index)
        self.git(
            *("--git-dir", str(self.root / ".git"), "--work-tree", str(folder)),
            *("-C", str(folder), "add", "-f", "--ignore-removal", "."),
            **index,
        )
        tree = self.git("write-tree", **index)
        known = self.commit(name)
        if known and self.git("rev-parse", f"{known}^{{tree}}") == tree:
            return known
        commit = self.git("commit-tree", tree, "-p", parent, "-m", f"Release {name}")
        self.git("tag", "-f", tag(name), commit)
        return commit

    def move_to(self, commit: str) -> None:
        """Call what lies below the root this commit."""
        self.git("update-ref", "refs/heads/main", commit)
        self.git("read-tree", commit)


def tag(name: str) -> str:
    """Return the tag of a release."""
    return f"v{name}"
