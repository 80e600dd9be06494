"""The texts of messages: short, with the next command, and without secrets."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_rollback.evidence.events import RunBegan
from pytest_rollback.manifest.contacts import Contact
from pytest_rollback.manifest.model import System
from pytest_rollback.run.run_record import WELL
from pytest_rollback.text.next_steps import NextSteps, next_steps
from pytest_rollback.text.quantities import clock


@dataclass(frozen=True)
class MessageFacts:
    """What a message is about, as data: the system, the target, the run, and the incident."""

    system: str
    target: str
    run: str
    incident: str | None = None


@dataclass(frozen=True)
class Message:
    """A message to people.

    Args:
        about: start, over budget, failure, recovery, call, or test.
        key: the same for every try of it, and for nothing else.
        title, text: the subject, and what there is to say.
        facts: the same as data.
    """

    about: str
    key: str
    title: str
    text: str
    facts: MessageFacts | None = None


@dataclass(frozen=True)
class MessageContext:
    """What every message of a run has in common.

    Args:
        system: what is rolled back.
        run, operator, incident: which run, who carries it out, and what for.
        demonstration: whether the target is a sandbox.
        way: how the next commands begin and end, to be about the same target.
    """

    system: System
    run: str
    operator: str
    incident: str | None = None
    demonstration: bool = False
    way: NextSteps = field(default_factory=NextSteps)

    @property
    def place(self) -> str:
        """Where it happens."""
        note = " (a demonstration)" if self.demonstration else ""
        return f"{self.system.about.name} on {self.system.target.name}{note}"

    @property
    def facts(self) -> MessageFacts:
        """The same as data, for a pager."""
        about = self.system
        return MessageFacts(about.about.name, about.target.name, self.run, self.incident)

    def message(self, about: str, title: str, *lines: str, part: str = "") -> Message:
        """Return a message that ends with the run, the incident and the operator."""
        where = f"run {self.run}" + (f", incident {self.incident}" if self.incident else "")
        key = "-".join(filter(None, (self.run, about, part))).replace(" ", "-")
        text = "\n".join([*filter(None, lines), f"{where}, by {self.operator}"])
        return Message(about, key, title, text, self.facts)

    def start(self) -> Message:
        """Say that a rollback has begun."""
        limit = clock(self.system.about.rto)
        return self.message(
            "start",
            f"Rollback started: {self.place}",
            f"To be finished within {limit}.",
            f"To take over: {self.acknowledge}",
        )

    @property
    def acknowledge(self) -> str:
        """The command that stops the escalation."""
        return self.way.rollback("checklist ack", "--run", self.run)

    def over_budget(self, phase: str, budget: float) -> Message:
        """Say that a phase takes longer than it may."""
        title = f"Rollback of {self.place}: phase {phase} is over its budget of {clock(budget)}"
        return self.message("over budget", title, part=phase)

    def ended(self, verdict: str, seconds: float | None, head: str, resume: str) -> Message:
        """Say how it ended, with the hash that the host's journals had."""
        took = f" after {clock(seconds)}" if seconds is not None else ""
        good = verdict in WELL
        return self.message(
            "recovery" if good else "failure",
            f"{verdict}{took}: {self.place}",
            f"Journal of the host: {head}" if head else "",
            "" if good or not resume else f"To resume: {resume}",
        )

    def call(self, contact: Contact) -> Message:
        """Call a level of the escalation chain."""
        return self.message(
            "call",
            f"Level {contact.level}, {contact.name}: rollback of {self.place}",
            f"Called: {contact.contact}. Answer within {clock(contact.respond)}.",
            f"Responsible for: {contact.scope}",
            f"To acknowledge: {self.acknowledge}",
            part=f"level-{contact.level}",
        )

    def test(self) -> Message:
        """Say that nothing happened, to see whether messages arrive."""
        return self.message("test", f"Test message: {self.place}", "There is no incident.")


def words_of(system: System, began: RunBegan) -> MessageContext:
    """Return the words of a run of which nothing is known but its first event."""
    return MessageContext(
        system,
        began.run,
        began.operator,
        began.incident,
        demonstration=began.demonstration,
        way=next_steps((), began.resume),
    )
