"""Who follows `rollback init`: the commands that it prints, one after the other, and no others."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.plugin.operator import Operator

WRITTEN = Path(__file__).parent / "written"
"""What `init` wrote of each shape, with places and ports of the test taken out."""

STEP = re.compile(r"^  \d+\. (?P<what>.+)\n     (?P<command>.+)$", re.MULTILINE)

VARIES = (
    (r"\bpid \d+", "pid N"),
    (r"up to \d+ ms", "up to N ms"),
    (r"saw it on \S+\.$", "saw it on HOST."),
    (r"^(# (?!\w+ = |\[).*)\n((?:# )?\w+ = .*)$", r"\2  \1"),
)
"""What differs between two hosts, and where a comment stands: that depends on how long it is."""

LIMIT = re.compile(r"^limit = .*\n", re.MULTILINE)
"""What depends on how busy this machine is."""


class Follower(Operator):
    """Somebody with a host, and nothing written. `names` are its places, which a test chose."""

    def __init__(self, home: Path, names: Mapping[str, str]) -> None:
        super().__init__(home, home / "rollback.toml")
        self.names = dict(names)
        self.began = time.monotonic()
        self.steps: dict[str, str] = {}

    def called(self, *words: str) -> tuple[int, str]:
        """Call a command of ours as an installed package has it; return code and output."""
        done = subprocess.run(
            [sys.executable, "-m", "pytest_rollback.cli.main", *words],
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "COLUMNS": "80"},
        )
        return done.returncode, done.stdout + done.stderr

    def init(self, *words: str) -> str:
        """Have the host described; return what was printed, and keep the steps that come next."""
        code, printed = self.called("init", f"--output={self.manifest}", *words)
        assert code == 0, printed
        self.steps = {each["what"]: each["command"] for each in STEP.finditer(printed)}
        return printed

    def written(self) -> str:
        """Return the file as it is kept: without what differs from one test to the next."""
        text = self.manifest.read_text()
        for name, found in sorted(self.names.items(), key=lambda each: -len(each[1])):
            text = text.replace(found, name)
        for pattern, plain in VARIES:
            text = re.sub(pattern, plain, text, flags=re.MULTILINE)
        return text

    def compare(self, name: str) -> None:
        """Compare what was written with what is kept of it; `SHAPES_WRITE=1` keeps it anew."""
        text = self.written()
        if os.environ.get("SHAPES_WRITE"):
            (WRITTEN / name).write_text(text)
        kept = (WRITTEN / name).read_text()
        lines = (LIMIT.sub("", each).splitlines() for each in (kept, text))
        assert list(difflib.unified_diff(*lines, "kept", "written", lineterm="", n=0)) == []

    def carried_out(self, word: str, *filled: tuple[str, str]) -> str:
        """Carry out the printed step with a word in it; return what it printed.

        `filled` are words of it that stand for what only people know, with what they know.
        """
        command = next(command for what, command in self.steps.items() if word in what)
        for blank, known in filled:
            command = command.replace(blank, known)
        done = subprocess.run(
            ["sh", "-euc", command], cwd=self.home, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def note(self, name: str) -> None:
        """Add a row to the table of `SHAPES_TABLE`: lines by hand, marked, minutes, verdict."""
        asked = sum("# ?" in line for line in self.manifest.read_text().splitlines())
        minutes = (time.monotonic() - self.began) / 60
        row = f"| {name} | 0 | {asked} | {minutes:.1f} | READY |\n"
        if os.environ.get("SHAPES_TABLE"):
            with Path(os.environ["SHAPES_TABLE"]).open("a", encoding="utf-8") as table:
                table.write(row)
