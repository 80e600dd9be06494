"""Connects a run with its messages: they begin with the decision and end with the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import Event
from pytest_rollback.extras.incident import escalation
from pytest_rollback.extras.incident.channels import channels_of
from pytest_rollback.extras.incident.delivery import Mailroom, Notifier
from pytest_rollback.extras.incident.messages import MessageContext
from pytest_rollback.run.run import operator
from pytest_rollback.run.run_view import RunView

KEPT = "incident.notifier"
"""Under which name a run keeps who sends its messages."""


def begin(run: RunView) -> None:
    """Send messages about a run from now on; call it before the decision is noted."""
    words = MessageContext(
        run.system,
        run.identity,
        operator(),
        run.asked.incident,
        demonstration=run.demonstration,
        way=run.next_steps,
    )

    def events() -> Sequence[Event]:
        return [*run.timeline.events, *signoffs.foreign(run.folder)]

    post = Mailroom(channels_of(run.system), run.timeline.note)
    notifier = Notifier(words, post, run.timeline.note, events)
    if post.channels:
        run.timeline.listeners.append(notifier.hear)
    run.kept[KEPT] = notifier


def end(run: RunView) -> None:
    """Send how a run ended; messages that were not accepted become notes of the run."""
    notifier = run.kept.get(KEPT)
    if isinstance(notifier, Notifier):
        head = run.evidence.journal if run.evidence else ""
        resume = "" if run.fleeting else run.resume
        run.notes += notifier.end(run.verdict, run.elapsed, head, resume)


def following(run: RunView) -> list[str]:
    """Return the commands that end or continue an open escalation."""
    events = [*run.timeline.events, *signoffs.foreign(run.folder)]
    if run.system.notify is None or not run.system.contacts or escalation.is_over(events):
        return []
    way, me = run.next_steps, run.identity
    return [
        f"to take over and stop the escalation: {way.rollback('checklist ack', '--run', me)}",
        f"to continue the escalation: {way.rollback('checklist escalate', '--run', me)}",
    ]
