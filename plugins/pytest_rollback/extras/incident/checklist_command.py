"""The procedure's checklist of a run: show it, tick items, stop or continue the escalation."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_rollback.errors import UsageError
from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import (
    NAMES,
    Acknowledged,
    Event,
    ItemTicked,
    ItemWithdrawn,
    RunBegan,
    first,
)
from pytest_rollback.evidence.runs import folder
from pytest_rollback.extras.incident import amend, channels, delivery, escalation, messages
from pytest_rollback.manifest.load import load
from pytest_rollback.progress.ticker import TICKER
from pytest_rollback.recovery.rehearsal import folded
from pytest_rollback.report import rebuild
from pytest_rollback.run.command_line.arguments import Parser
from pytest_rollback.run.command_line.shared import shown
from pytest_rollback.run.extras import add_runs, runs_of
from pytest_rollback.run.run_record import ChecklistEntry
from pytest_rollback.text.quantities import TICKS, count

SIGNS = {"good": "x", "bad": "!", "doubt": "~", "idle": " "}
STORY = """
examples:
  {me} tick 3 12 --note "by phone, 14:02"
  {me} ack                    nobody else is called

It is that of the latest run; --run selects another one. Each tick is written to the run's timeline
with name and time, and the folder is sealed again.

exit codes: 0 done; show: no item is missing or late; escalate: acknowledged, or not needed;
1 an item is missing or late, nobody answered, or nothing could be written or sent;
4 usage, or no such run or item
"""


def rows(items: list[ChecklistEntry]) -> Iterator[str]:
    """Yield the checklist for people: x is done, ~ late, ! missing."""
    above = ""
    for number, item in enumerate(items, 1):
        if item.list_name != above:
            above = item.list_name
            yield f"\n{above}"
        by = ", ".join(item.by) if item.state != "not checked" else ""
        sign = SIGNS[TICKS[item.state]]
        state = item.state if item.state in {"late", "missing"} else ""
        said = "; ".join(filter(None, (state, by)))
        yield from folded(f"{number:4} [{sign}] {item.item}{f'  ({said})' if said else ''}", 9)


def chosen(items: list[ChecklistEntry], word: str, program: str) -> ChecklistEntry:
    """Return the item with this number, or whose short name begins like this.

    Raises:
        UsageError: there is no such item, or there are several.
    """
    if word.isdecimal() and 0 < int(word) <= len(items):
        return items[int(word) - 1]
    found = [each for each in items if word and each.key.startswith(signoffs.slug(word) or " ")]
    exact = [each for each in found if each.key == signoffs.slug(word)]
    if len(exact or found) != 1:
        what = "several items begin with" if found else "there is no item named"
        raise UsageError(f"{what} {word!r}", hint=f"{program} show lists them with their numbers")
    return (exact or found)[0]


def show(asked: argparse.Namespace) -> int:
    """Print the checklist; on a terminal, ask what to tick."""
    where = folder(runs_of(asked), asked.run)
    while True:
        items = amend.items(where)
        shown(f"run {where.name}\n" + "\n".join(rows(items)))
        if not asked.ask or not sys.stdin.isatty():
            return int(any(each.state in {"late", "missing"} for each in items))
        with TICKER.paused():
            words = input("\ntick (numbers, Enter ends): ").split()
        if not words:
            return 0
        try:
            done(where, words, ItemTicked, asked)
        except UsageError as error:
            shown(str(error))


def done(
    where: Path,
    words: list[str],
    kind: type[ItemTicked | ItemWithdrawn],
    asked: argparse.Namespace,
) -> None:
    """Write a line into the timeline for each item; an unknown item prevents all of them."""
    items = amend.items(where)
    for item in [chosen(items, word, asked.program) for word in words]:
        if kind is ItemTicked and item.state == "missing" and item.by:
            shown(f"{item.item}: still missing, because {', '.join(item.by)} is not met")
        amend.amend(where, kind(item.key, asked.by, asked.note))
        shown(f"{NAMES[kind]}: {item.item}")


def tick(asked: argparse.Namespace) -> int:
    """Record that items are done."""
    done(folder(runs_of(asked), asked.run), asked.items, ItemTicked, asked)
    return 0


def untick(asked: argparse.Namespace) -> int:
    """Record that items are not done."""
    done(folder(runs_of(asked), asked.run), asked.items, ItemWithdrawn, asked)
    return 0


def ack(asked: argparse.Namespace) -> int:
    """Acknowledge the incident: the escalation ends."""
    where = folder(runs_of(asked), asked.run)
    amend.amend(where, Acknowledged(asked.by, asked.note))
    shown(f"acknowledged by {asked.by}: nobody else is called for run {where.name}")
    return 0


class Notes:
    """Appends events to the timeline of a run; threads take turns."""

    def __init__(self, where: Path) -> None:
        self.where, self.lock = where, threading.Lock()

    def __call__(self, event: Event) -> None:
        """Append one event."""
        with self.lock:
            amend.amend(self.where, event)


def escalate(asked: argparse.Namespace) -> int:
    """Call one level after the other until somebody acknowledges."""
    where = folder(runs_of(asked), asked.run)
    named = rebuild.manifest_of(where, asked.rollback_target)
    system = load(named).system
    began = first(RunBegan, signoffs.events(where)) or RunBegan(where.name)
    words = messages.words_of(system, began)
    note = Notes(where)
    post = delivery.Mailroom(channels.channels_of(system), note)
    if not post.channels:
        raise UsageError(f"{named} has no notification channel", hint="add [notify] to it")
    while (step := escalation.next_step(system.contacts, signoffs.events(where))) is not None:
        if step.contact is None and step.at <= now():
            levels = count(len(system.contacts), "level")
            shown(f"nobody acknowledged after calls to {levels}\nHINT: call by phone")
            return 1
        said = delivery.call(words, post, note, signoffs.events(where))
        shown(said) if said else time.sleep(min(1.0, asked.every))
    failed = [each.words for each in post.close()]
    shown("\n".join([ended(signoffs.events(where)), *failed]))
    return int(bool(failed))


def now() -> dt.datetime:
    """Return this instant, UTC."""
    return dt.datetime.now(dt.UTC)


def ended(events: list[Event]) -> str:
    """Return why no call is needed."""
    tick = escalation.acknowledged(events)
    if tick is not None:
        return f"acknowledged by {tick.words}"
    return "no call is needed: the rollback has not begun, or the system has recovered"


def shared(given: str | None = None) -> Parser:
    """Return the options that can stand before a command's name and after it.

    Args:
        given: the default of all of them, where they have been read before: argparse.SUPPRESS.
    """
    found = Parser(add_help=False, argument_default=given)
    add = found.add_argument
    who = given or signoffs.somebody()
    add("--run", metavar="RUN", help="run id, the beginning of it, or run folder")
    add_runs(found)
    add("--by", default=who, metavar="WHO", help="who did it")
    add("--note", default=given or "", metavar="TEXT", help="a remark")
    return found


def parser(program: str) -> Parser:
    """Return the parser of the arguments."""
    whole = Parser(
        prog=program,
        description=__doc__,
        epilog=STORY.format(me=program),
        parents=[shared()],
    )
    whole.set_defaults(do=show, ask=True, program=program)
    commands = whole.add_subparsers(dest="command", metavar="COMMAND")
    verbs: dict[str, Callable[[argparse.Namespace], int]]
    verbs = {"show": show, "tick": tick, "untick": untick, "ack": ack, "escalate": escalate}
    again = shared(argparse.SUPPRESS)
    for name, verb in verbs.items():
        made = commands.add_parser(
            name, parents=[again], help=verb.__doc__, prog=f"{program} {name}"
        )
        made.set_defaults(do=verb, ask=False)
        if name.endswith("tick"):
            made.add_argument(
                "items", nargs="+", metavar="ITEM", help="number or short name of an item"
            )
        if name == "escalate":
            made.set_defaults(every=1.0)
    return whole


def main(arguments: Sequence[str], program: str) -> int:
    """Show the checklist, or note what was done; return the exit code."""
    asked = parser(program).parse_args(arguments)
    result: int = asked.do(asked)
    return result
