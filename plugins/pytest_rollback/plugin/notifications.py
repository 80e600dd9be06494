"""Connects a run with its messages: they begin with the decision and end with the verdict."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pytest_rollback.evidence import signoffs
from pytest_rollback.evidence.events import Event
from pytest_rollback.evidence.redaction import of_environment
from pytest_rollback.incident.channels import channels_of, secrets_of
from pytest_rollback.incident.delivery import Mailroom, Notifier
from pytest_rollback.incident.messages import MessageContext
from pytest_rollback.manifest.model import System
from pytest_rollback.run.run import Run, operator


def known_secrets(system: System) -> dict[str, str]:
    """Return the secrets of the environment and of the channels, by name."""
    return of_environment(os.environ) | secrets_of(system)


def begin(run: Run) -> Notifier:
    """Send messages about a run from now on; call it before the decision is noted."""
    words = MessageContext(
        run.system,
        run.identity,
        operator(),
        run.asked.incident,
        demonstration=run.demonstration,
    )

    def events() -> Sequence[Event]:
        return [*run.timeline.events, *signoffs.foreign(run.folder)]

    post = Mailroom(channels_of(run.system), run.timeline.note)
    notifier = Notifier(words, post, run.timeline.note, events)
    if post.channels:
        run.timeline.listeners.append(notifier.hear)
    return notifier


def end(run: Run, notifier: Notifier | None) -> None:
    """Send how a run ended; messages that were not accepted become notes of the run."""
    if notifier is not None:
        head = run.evidence.journal if run.evidence else ""
        resume = "" if run.fleeting else run.resume
        run.notes += notifier.end(run.verdict, run.elapsed, head, resume)
