"""Run on a machine: starts units, and prints how each differs from what its files say, as JSON.

Its arguments are the directory that holds the package `agent`, and the file with the units.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

DIRECTORY = "/etc/systemd/system"


def main() -> None:
    """Install all units, start all that have a unit's own name, and tell of each."""
    sys.path.insert(0, sys.argv[1])
    from agent.configuration.units import live, manager  # noqa: PLC0415 - the path is given
    from agent.configuration.units.definition import TriedTree  # noqa: PLC0415 - the path is given
    from agent.configuration.units.sources import Installed  # noqa: PLC0415 - the same
    from agent.configuration.units.surroundings import derived  # noqa: PLC0415 - too
    from agent.messages.services.units import ManagerAddress  # noqa: PLC0415 - too

    given = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    for path, text in given["files"].items():
        place = Path(path if path.startswith("/") else f"{DIRECTORY}/{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755)
    units = given["units"]
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "start", *units], check=True)
    time.sleep(2)
    facts = manager.asked(ManagerAddress("systemd"), DIRECTORY, units)
    found = {}
    for unit in units:
        process = live.found(facts, unit)
        definition = manager.defined(facts, unit, Installed())
        own = derived(facts, definition, TriedTree((), "/"))
        loaded = facts.units[unit].files
        found[unit] = {
            "gaps": list(live.differences(process, own)) if process else ["it does not run"],
            "missing": own.missing,
            "argv": process.argv if process else [],
            "main": own.unit.main.argv if own.unit.main else [],
            "groups": groups(process.pid) if process else [],
            "interpreter": own.program.interpreter,
            "files": [os.path.realpath(each) for each in definition.files],
            "loaded": [os.path.realpath(each) for each in loaded],
        }
    sys.stdout.write(f"{json.dumps(found)}\n")


def groups(pid: int) -> list[int]:
    """Return the groups of a process: its own, then the others."""
    lines = dict(
        line.partition(":")[::2] for line in Path(f"/proc/{pid}/status").read_text().split("\n")
    )
    return [int(lines["Gid"].split()[1]), *map(int, lines["Groups"].split())]


if __name__ == "__main__":
    main()
