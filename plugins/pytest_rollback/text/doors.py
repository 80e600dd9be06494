"""Commands as they are printed: `rollback WORD …`, found by its name, or by the path that finds it.

Texts have the canonical form, such as `rollback status`. `NextSteps` brings it to where one stands.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from pytest_rollback.text.places import checkout, found

SUITES = {
    "triage": ("triage",),
    "ready": ("readiness",),
    "drill": ("drill", "validate"),
    "validate": ("validate",),
    "monitor": ("monitor",),
}
"""The suites that a command runs."""

TARGETED = (
    *SUITES,
    "init",
    "save",
    "sets",
    "now",
    "status",
    "undo",
    "rehearse",
    "plan",
    "imports",
    "probes",
    "probe",
    "checklist",
    "report open",
    "report list",
    "report verify",
    "report postmortem",
    "report rebuild",
    "fleet ready",
    "fleet plan",
    "fleet roll",
    "fleet undo",
    "fleet status",
)
"""The commands that are about a target, and have an option to name it."""

OTHERS = ("explain", "completion", "sandbox", "machine", "schema", "story")
"""The commands beside them."""

VERBS = ("ack", "escalate", "show", "tick", "untick")
"""What is done with a checklist."""

WORDS = "|".join(sorted((*TARGETED, *OTHERS), key=len, reverse=True))
VERB = "|".join(VERBS)
COMMAND = re.compile(
    rf"(?<![\w/.~=-])(?P<called>pytest(?= suites/)|rollback (?:{WORDS})(?: (?:{VERB}))?)"
    r"(?![\w/-]|\.\w)"
    r"(?P<words>(?: (?:suites/[\w/-]+|--?[\w-]+(?:=[\w.,:%/@+-]*[\w%/])?|[A-Z]{2,}(?![\w=])"
    r"|\d{8}-\d{6}-\w{4}))*)"
)
"""A command of ours in a text; the words behind it are no options."""


def rollback(*words: str) -> str:
    """Return a command of ours as it can be pasted here."""
    return shlex.join([found("rollback"), *words])


def door(suites: Collection[str]) -> str:
    """Return which command runs suites, "" where none runs just these."""
    wanted = {each for each in suites if each != "troubleshooting"}
    if wanted != set(suites):
        return ""
    fits = [name for name, ran in SUITES.items() if wanted == set(ran)]
    return "drill" if wanted == {"drill"} else "".join(fits)


def setup() -> str:
    """Return what installs what is missing, in a checkout and elsewhere."""
    return "make setup" if checkout() else "pip install 'pytest-rollback[sandbox,notify]'"
