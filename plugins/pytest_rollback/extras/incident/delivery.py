"""Sends messages beside a run: a slow channel does not delay it, and a lost message is reported.

Each channel has a thread of its own, so that a slow pager delays neither the mail nor the restore.
A message is tried four times; one that was not accepted is noted in the timeline, and reported when
the run ends.
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pytest_rollback.errors import Refused
from pytest_rollback.evidence.events import Decided, Event, LevelCalled, MessageSent, phase_of
from pytest_rollback.extras.incident import escalation
from pytest_rollback.extras.incident.channels import MessageChannel
from pytest_rollback.extras.incident.messages import Message, MessageContext
from pytest_rollback.extras.incident.webhooks import Failed
from pytest_rollback.manifest.contacts import Contact
from pytest_rollback.progress.activity import doing

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further try."""

PATIENCE = 20.0
"""Seconds that the end of a run waits for its last messages."""

LOOK = 1.0
"""Seconds between two looks at budgets and at the escalation."""

Note = Callable[[Event], object]


class Delivery(NamedTuple):
    """How one message ended at one channel."""

    channel: str
    about: str
    why: str = ""
    tries: int = 1

    @property
    def outcome(self) -> str:
        """Accepted or failed."""
        return "failed" if self.why else "accepted"

    @property
    def words(self) -> str:
        """A failure, for people."""
        what = f"message not accepted: {self.channel}, {self.about}"
        return f"{what}: {self.why} (attempts: {self.tries})"


def deliver(
    channel: MessageChannel, message: Message, pauses: Iterable[float] = PAUSES
) -> Delivery:
    """Send a message, again where that may help, always under its one key."""
    waits, tries = list(pauses), 0
    while True:
        tries += 1
        try:
            channel.send(message)
        except Refused as error:
            return Delivery(channel.name, message.about, error.message, tries)
        except Failed as error:
            if not error.again or tries > len(waits):
                return Delivery(channel.name, message.about, error.why, tries)
        except Exception as error:  # noqa: BLE001 - it is raised for every criterion that asks
            return Delivery(channel.name, message.about, type(error).__name__, tries)
        else:
            return Delivery(channel.name, message.about, tries=tries)
        time.sleep(waits[tries - 1])


class Mailroom:
    """The channels, each with a thread of its own; each sends its messages in order.

    Args:
        channels: the ways to reach people.
        note: where the outcome of every message is noted.
    """

    def __init__(self, channels: Iterable[MessageChannel], note: Note) -> None:
        self.channels, self.note = tuple(channels), note
        self.told: list[Delivery] = []
        self._queues: dict[str, queue.SimpleQueue[Message | None]] = {}
        self._waiting: dict[str, list[Message]] = {}
        self._threads: list[threading.Thread] = []

    def put(self, message: Message, only: Iterable[str] | None = None) -> None:
        """Have a message sent, to the channels that want it or to those that are named."""
        wanted = None if only is None else set(only)
        for channel in self.channels:
            if channel.name in wanted if wanted is not None else channel.wants(message.about):
                self._thread_of(channel)
                self._waiting[channel.name].append(message)
                self._queues[channel.name].put(message)

    def _thread_of(self, channel: MessageChannel) -> None:
        if channel.name in self._queues:
            return
        self._queues[channel.name] = queue.SimpleQueue()
        self._waiting[channel.name] = []
        thread = threading.Thread(
            target=self._work, args=(channel,), name=channel.name, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def _work(self, channel: MessageChannel) -> None:
        waiting = self._queues[channel.name]
        while (message := waiting.get()) is not None:
            told = deliver(channel, message)
            self.told.append(told)
            why = told.why or None
            self.note(MessageSent(channel.name, told.about, told.outcome, told.tries, why))
            self._waiting[channel.name].remove(message)

    @doing("waits for messages to be accepted")
    def close(self, patience: float | None = None) -> list[Delivery]:
        """Wait for the messages that are being sent; return those that were not accepted."""
        patience = PATIENCE if patience is None else patience
        for each in self._queues.values():
            each.put(None)
        until = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        late = [
            Delivery(name, message.about, f"not accepted within {patience:g} s", 0)
            for name, messages in self._waiting.items()
            for message in list(messages)
        ]
        return [*(each for each in self.told if each.why), *late]


class Notifier:
    """Listens to a timeline and sends messages: start, phase over budget, escalation, end.

    Args:
        words: what messages say of the run.
        post: the channels.
        note: where calls are noted.
        events: returns all events so far, also what other processes have written.
    """

    def __init__(
        self,
        words: MessageContext,
        post: Mailroom,
        note: Note,
        events: Callable[[], Sequence[Event]],
    ) -> None:
        self.words, self.post, self.note, self.events = words, post, note, events
        self.phase, self.begun = "", 0.0
        self.over: set[str] = set()
        self.stopped = threading.Event()
        self._watch: threading.Thread | None = None

    def hear(self, event: Event) -> None:
        """Take an event of the run; returns at once."""
        if isinstance(event, Decided):
            self.post.put(self.words.start())
            self._watch = threading.Thread(target=self._look, name="notifier", daemon=True)
            self._watch.start()
        phase = phase_of(event)
        if phase and phase != self.phase and self._watch is not None:
            self.phase, self.begun = phase, time.monotonic()

    def _look(self) -> None:
        while not self.stopped.is_set():
            self.look()
            self.stopped.wait(LOOK)

    def look(self) -> None:
        """Send what has taken too long, and call the next level when its time has come."""
        phase, begun = self.phase, self.begun
        budget = self.words.system.budgets.of(phase) if phase else 0.0  # type: ignore[arg-type]
        if phase and phase not in self.over and time.monotonic() - begun > budget:
            self.over.add(phase)
            self.post.put(self.words.over_budget(phase, budget))
        call(self.words, self.post, self.note, self.events())

    def end(self, verdict: str, seconds: float | None, head: str, resume: str) -> list[str]:
        """Send how the run ended; return the messages that were not accepted, in words."""
        if self._watch is None:
            return []
        self.stopped.set()
        self._watch.join(LOOK * 5)
        self.post.put(self.words.ended(verdict, seconds, head, resume))
        return [each.words for each in self.post.close()]


def call(words: MessageContext, post: Mailroom, note: Note, events: Iterable[Event]) -> str:
    """Call the next level of the chain when its time has come; return what was done."""
    contacts = words.system.contacts
    step = escalation.next_step(contacts, events) if post.channels else None
    if step is None or step.contact is None or step.at > dt.datetime.now(dt.UTC):
        return ""
    note(LevelCalled(step.contact.level, step.contact.name))
    post.put(words.call(step.contact), reached_by(step.contact, post.channels))
    return f"called level {step.contact.level}: {step.contact.name}"


def reached_by(contact: Contact, channels: Iterable[MessageChannel]) -> list[str]:
    """Return the channels by which a level is called."""
    return [*contact.channels] or [channel.name for channel in channels if channel.wants("call")]
