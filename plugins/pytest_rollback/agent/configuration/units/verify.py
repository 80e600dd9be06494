"""What the service manager's own program has against unit files, where the manager runs."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from typing import Dict, List, Mapping, Sequence

from ...files import reach
from ...system.command import run

RUNNING = "/run/systemd/system"
"""The directory that exists while systemd runs."""

SAID = re.compile(r"(?:.*/)?([^/:\s]+\.\w+):(?:(\d+):)? (.*)")
"""A line of `systemd-analyze verify`: file, line, words."""

REFUSED = re.compile(
    r"Unit (\S+) (?:has a bad unit file setting|failed to load)|"
    r"([^/:\s]+\.\w+): Command .* is not executable"
)
"""What it says of a unit that would not be started; all other lines are warnings."""

WARNING = re.compile(r"Unknown (?:key|section|lvalue)|please use|deprecated|[Ii]gnoring\.?$")

INSTANCE = "i"
"""The instance that systemd-analyze takes for a template."""


def verified(verifier: str, roots: Sequence[str], files: Mapping[str, str]) -> Dict[str, str]:
    """Return what the manager's own program has against unit files; {} where it does not run.

    Args:
        verifier: that program.
        roots: where the system lies.
        files: where each is read, by its name.
    """
    if not files or not os.path.isdir(RUNNING) or not shutil.which(verifier):
        return {}
    contents = {name: reach.whole(path, follow=False) for name, path in files.items()}
    return analysed(verifier, contents, roots)


def analysed(
    verifier: str, contents: Dict[str, bytes], roots: Sequence[str] = ()
) -> Dict[str, str]:
    """Return why units would not be started, as `systemd-analyze` says of files of right names.

    What it says of programs below `roots` is of the live tree, and left out.
    """
    with tempfile.TemporaryDirectory(prefix="rollback-units-") as place:
        known = {os.path.basename(name): name for name in contents}
        for name, content in contents.items():
            with open(os.path.join(place, os.path.basename(name)), "wb") as file:
                file.write(content)
        options = ["--man=no", "--recursive-errors=no"]
        files = [os.path.join(place, name) for name in known]
        outcome = run([verifier, "verify", *options, *files], 30.0)
    if outcome.code == 0 or outcome.missing or outcome.timed_out:
        return {}
    lines = outcome.err.split("\n")
    live = tuple(f"Command {root}{end}" for root in roots for end in ("/", " "))
    refused = {file_of(one[1] or one[2]) for one in filter(None, map(REFUSED.match, lines))}
    found: Dict[str, List[str]] = {}
    for said in filter(None, map(SAID.match, lines)):
        name = file_of(said[1])
        inside = said[3].startswith(live)
        if name in refused and name in known and not inside and not WARNING.search(said[3]):
            found.setdefault(known[name], []).append(words(said[2], said[3]))
    return {name: "; ".join(told) for name, told in found.items()}


def file_of(unit: str) -> str:
    """Return the name of the file that a unit is made from: that of its template."""
    return unit.replace(f"@{INSTANCE}.", "@.")


def words(line: str | None, text: str) -> str:
    """Return systemd's words without what it quotes from the file, which may be secret."""
    told = text if text.startswith("Command ") else text.partition(": ")[0]
    told = re.sub(r"'[^']*'|\"[^\"]*\"", "...", told)
    return f"line {line}: {told}" if line else told
