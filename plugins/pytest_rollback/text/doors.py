"""The commands under their two names: a script of the checkout, or a word of `rollback`.

Messages name the scripts, as the procedure does. Where the package was installed without them, the
same command is `rollback` with a word behind it; `pastable` says so.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from pytest_rollback.text.places import checkout, found

COMMANDS = {
    "scripts/checklist": "checklist",
    "scripts/create_backups.py": "backups save",
    "scripts/dev/build_machine": "machine",
    "scripts/index": "index",
    "scripts/postmortem": "postmortem",
    "scripts/restore_imports.py": "imports",
    "scripts/rollback": "now",
    "scripts/sandbox": "sandbox",
    "scripts/simulate_rollback.py": "plan",
    "scripts/story": "story",
    "scripts/test_agent_response.py": "probe",
    "scripts/test_full_system.py": "probes",
    "scripts/test_p2p_connection.py": "probe",
    "scripts/validate_rollback_capability.py": "readiness",
    "scripts/verify_bundle": "verify",
}
"""What `rollback` calls the command of each script."""

SETUP = "make setup", "pip install 'pytest-rollback[sandbox,notify]'"
"""What installs what is missing, in a checkout and elsewhere."""

SCRIPT = re.compile(rf"(?<![\w/.-])(?:{'|'.join(map(re.escape, COMMANDS))})(?![\w/-]|\.\w)")


def door(script: str) -> str:
    """Return the command of a script, as it is called from here."""
    top = checkout()
    if top is None:
        return f"{shlex.quote(found('rollback'))} {COMMANDS[script]}"
    return script if Path(script).exists() else shlex.quote(str(top / script))


def pastable(text: str) -> str:
    """Return a text in which every script is named by what can be called where there is none."""
    if checkout():
        return text
    return SCRIPT.sub(lambda match: door(match[0]), text.replace(*SETUP))
