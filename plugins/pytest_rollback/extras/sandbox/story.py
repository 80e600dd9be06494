"""Play the whole story in an empty folder with the wheel alone: installation, drill, incident."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import json
import os
import re
import secrets
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_rollback.errors import NotDone, UsageError
from pytest_rollback.evidence.runs import rolled_back
from pytest_rollback.extras.sandbox.clean_install import CleanInstall, with_wheel
from pytest_rollback.extras.sandbox.target import usual
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import reports, repository, shown

PAGE = "docs/story.md"
TOKEN = "STORY_TOKEN"  # noqa: S105 - the name of a variable
STORY = """
  {me}                run it and print the output
  {me} --write        run it and write docs/story.md

It installs the wheel of the last commit from an index. A pager and a status page are simulated on
this machine. Only run folders are left, in reports/.

exit codes: 0 every command ended as expected; 1 one did not; 4 usage, or a sandbox is running
"""
BEGIN = """# The whole story: installation, a drill, one incident, from the alarm to the review

The output of the commands of [README](../README.md), in order, at 80 columns, on {day}.
`{me} --write` ran them in an empty folder that held the wheel and nothing else, and wrote this
page. The output is complete, but for the lines that tick meanwhile; that folder and the one of
temporary files are shown as `~/empty` and `/tmp`. The target's name was given with `--arm`, because
nobody could type it. A pager and a status page were simulated on the same machine; their messages
are at the end. [soak.md](soak.md) has the fifteen minutes of the monitor in real time, not thirty
times faster.
"""


class Step(NamedTuple):
    """One command, why it is given now, and the exit code that it should end with."""

    why: str
    command: str
    code: int = 0


TICKS = re.compile(r"^\d+m\d\ds .*\n?", re.MULTILINE)
"""The lines that tick in a pipe, on standard error."""

INSTALL = (
    Step("A folder that has the wheel and nothing else.", "ls"),
    Step("A new environment in it.", "python3 -m venv .venv"),
    Step(
        "The package with the sandbox and the channels; from now on `.venv/bin` is in the PATH.",
        ".venv/bin/pip install -qq './{wheel}[sandbox,notify]'",
    ),
)
BEFORE = (
    Step(
        "Start a small real system with its previous release, and deploy the current one.",
        "rollback sandbox up",
    ),
    Step(
        "Before an incident: can it be rolled back, and do notifications work?",
        "rollback ready --target=sandbox --notify-test",
    ),
    Step("Rehearse the rollback, with real changes.", "rollback drill --target=sandbox"),
    Step(
        "Take the drill back: the current release is restored exactly, and runs.",
        "rollback undo {run} --target=sandbox --arm=sandbox",
    ),
    Step("It can be rolled back as before.", "rollback ready --target=sandbox"),
    Step("Break the release.", "rollback sandbox break crash-loop"),
    Step(
        "The alarm: a third of all users complains. Triage recommends what to do.",
        "rollback triage --target=sandbox --incident=INC-42 --impact=30%",
        1,
    ),
    Step(
        "Tick the items of the checklist that only people can do.",
        "rollback checklist tick identify estimate --target=sandbox"
        " --note 'p2p, a third of all users'",
    ),
    Step(
        "Isolating one component would be enough; the incident lead decides to roll back.",
        "rollback now --target=sandbox --incident=INC-42 --impact=30% --arm=sandbox",
    ),
)
AFTER = (
    Step("The runs that the host knows.", "rollback status --target=sandbox"),
    Step(
        "Somebody acknowledges, so that nobody else is called.",
        "rollback checklist ack --run {run} --target=sandbox",
    ),
    Step(
        "Monitor for fifteen minutes, with a clock thirty times faster than real time.",
        "rollback monitor --target=sandbox --incident=INC-42 -o rollback_soak_scale=30",
    ),
    Step("Is everything still as it should be?", "rollback validate --target=sandbox"),
    Step(
        "Show the checklist: done and open items.",
        "rollback checklist show --run {run} --target=sandbox",
    ),
    Step(
        "Check that the run folder is unchanged since it was sealed.",
        "rollback report verify {run} --host --target=sandbox",
    ),
    Step("Print a draft of the postmortem.", "rollback report postmortem {run} --target=sandbox"),
    Step("Write a page with all runs.", "rollback report list --target=sandbox"),
    Step("Remove the sandbox.", "rollback sandbox down"),
)


class Inbox(http.server.ThreadingHTTPServer):
    """A pager and a status page on this machine; `received` has what was sent to them."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        super().__init__(("127.0.0.1", 0), Accepts)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def table(self) -> str:
        """Return the `[notify]` of a rollback.toml that names them."""
        at = f"http://127.0.0.1:{self.server_address[1]}"
        hooks = [
            f'[notify.{each}]\nurl = "{at}/{each}"\nvariable = "{TOKEN}"\n'
            for each in ("pager", "status")
        ]
        return "\n".join(hooks)


class Accepts(http.server.BaseHTTPRequestHandler):
    """Accepts every message."""

    server: Inbox

    def do_POST(self) -> None:
        """Keep the message and answer 202."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.received.append((self.path.strip("/"), json.dumps(json.loads(body))))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: the story prints what was received."""


def plain(text: str, at: CleanInstall) -> str:
    """Return a text with the folders of this machine replaced by general names."""
    places = {str(at.folder): "~/empty", tempfile.gettempdir(): "/tmp"}  # noqa: S108
    for place, name in places.items():
        text = re.sub(rf"{re.escape(place)}(?=/|\s|$)", name, text)
    return text.rstrip()


def played(at: CleanInstall, step: Step) -> str:
    """Run a command; return it with its output, as a part of the page.

    Raises:
        NotDone: it ended otherwise than it should.
    """
    latest = rolled_back(at.folder / "reports", None).name if "{run}" in step.command else ""
    command = step.command.format(run=latest, wheel=at.wheel)
    done = subprocess.run(
        shlex.split(command),
        cwd=at.folder,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        env=at.environment(),
    )
    printed = done.stdout + TICKS.sub("", done.stderr)
    shown_here = "\n".join(filter(None, (f"$ {command}", plain(printed, at))))
    said = f"{step.why}\n\n```console\n{shown_here}\n```\n"
    if done.returncode != step.code:
        raise NotDone(
            f"{command} ended with {done.returncode}, not with {step.code}",
            findings=printed.splitlines()[-40:],
            hint="see its output; the sandbox was removed",
        )
    return said + (f"\nIt ended with exit code {step.code}.\n" if step.code else "")


def messages(inbox: Inbox) -> str:
    """Return the messages that were received, as a part of the page."""
    lines = [f"{channel:<7} {body}" for channel, body in inbox.received]
    return (
        "The messages to the pager and the status page, in order:\n\n```text\n"
        + "\n".join(lines)
        + "\n```\n"
    )


def pieces(at: CleanInstall, inbox: Inbox, program: str) -> Iterator[str]:
    """Yield the parts of the page, each when its command has ended."""
    yield BEGIN.format(day=f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", me=program)
    yield from (played(at, step) for step in INSTALL)
    manifest = usual() / "rollback.toml"
    for number, step in enumerate(BEFORE):
        yield played(at, step)
        if number == 0:
            text = manifest.read_text("utf-8")
            manifest.write_text(text.replace("[notify]\nchannels = []\n", inbox.table()), "utf-8")
    yield from (played(at, step) for step in AFTER)
    yield messages(inbox)


def main(arguments: Sequence[str], program: str) -> int:
    """Play the story, print it and write it where that was asked; return the exit code."""
    parser = Parser(
        prog=program,
        description=__doc__,
        epilog=STORY.format(me=program),
    )
    parser.add_argument("--write", action="store_true", help="write docs/story.md")
    asked = parser.parse_args(arguments)
    if usual().exists():
        raise UsageError(
            "a sandbox is running already",
            hint="rollback sandbox down, then run the same command again",
        )
    os.environ[TOKEN] = secrets.token_hex()
    with Inbox() as inbox, contextlib.ExitStack() as after:
        down = [str(repository() / "scripts/rollback"), "sandbox", "down"]
        at = after.enter_context(with_wheel(repository(), reports(repository())))
        after.callback(subprocess.run, down, check=False, stdout=subprocess.DEVNULL)
        told = []
        for piece in pieces(at, inbox, program):
            told.append(piece)
            shown(piece)
    if asked.write:
        (repository() / PAGE).write_text("\n".join(filter(None, told)), "utf-8")
    return 0
