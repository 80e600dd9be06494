"""The only door to changes: open for the target whose name was given; it proves each action."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_rollback.agent.messages.location import HolderProcess
from pytest_rollback.agent.messages.state.runs import BEGIN, END, BeginRequest, EndRequest, RunBegun
from pytest_rollback.errors import GateClosed, LockHeld, NotDone, Refused, RollbackError
from pytest_rollback.evidence.data_return import Acceptance, covers, typed
from pytest_rollback.evidence.events import (
    ActionAdvisory,
    ActionBegun,
    ActionDone,
    ActionFailed,
    ChangeBegun,
    ChangeEnded,
    ChangeTook,
    HostTaken,
)
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.progress.activity import doing
from pytest_rollback.recovery.action import AnyAction, Change, Done, Scope
from pytest_rollback.recovery.lock_holder import Holder, gone_holders, holders, subject
from pytest_rollback.transport.batch import look
from pytest_rollback.transport.call import Call
from pytest_rollback.transport.connection import Connection
from pytest_rollback.transport.interrupts import INTERRUPTS

GRACE = 10.0
"""Seconds beyond a change's own deadline after which its answer is not waited for any more."""

TYPING = 120.0
"""Seconds by which a loss may have grown since its plan was read, and typed."""

ROUNDS = 3
"""How often an action deals with what somebody does meanwhile: a watchdog that starts a unit."""


class Gate:
    """Applies plans.

    Args:
        connection: the host.
        scope: what is rolled back.
        timeline: where a `begin` is written before every change.
        armed: the target's name as given on the command line, or None.
        accepted: what of users' data may be lost, as typed by somebody; None for nobody.
        holder: who the host is told that it is held by.
        worker: whether this process is one of several; a gate never opens there.
        journaled: whether the host is taken for a run of ours; undo writes into the undone one's.
    """

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        timeline: Timeline,
        *,
        armed: str | None,
        accepted: Acceptance | None = None,
        holder: Holder,
        worker: bool = False,
        journaled: bool = True,
    ) -> None:
        if worker:
            raise GateClosed(
                "workers of pytest-xdist may not change the target: each would repeat the change",
                hint="run rollback drill without -n",
            )
        self.connection, self.scope, self.timeline = connection, scope, timeline
        self._armed, self._holder, self._journaled = armed, holder, journaled
        self._accepted = accepted
        self.begun: RunBegun | None = None

    @property
    def target(self) -> str:
        """The name that --arm has to repeat."""
        return self.scope.system.target.name

    @property
    def is_open(self) -> bool:
        """Whether the run is armed for this very target."""
        return self._armed == self.target

    @property
    def resumed(self) -> bool:
        """Whether an earlier run is gone on with that has stopped or changed something."""
        return bool(self.begun and self.begun.adopted and self.begun.changed)

    def enter(self) -> None:
        """Take the host before any look at it, in case another run is working there.

        Requests of a look would reach services that the other run starts, and appear in their logs.

        Raises:
            GateClosed: the run is armed, but for another target: that comes before all else.
            LockHeld: somebody is.
        """
        if self._armed and not self.is_open:
            raise self._closed("change anything")
        if self.is_open and self._journaled and holders(self.connection):
            self._begin()

    def demand_accepted(
        self, changes: Iterable[Change], *, planned: bool = False, dry: bool = False
    ) -> None:
        """Check that somebody has accepted what data is lost, before anything is changed.

        What was accepted may grow meanwhile: by the time that typing takes where a run is
        `planned`, and by the objective once it is under way. A gate that is shut asks for its name
        first, but where a plan is only made, `dry`.

        Raises:
            GateClosed: nobody has, or less than will be lost by now.
        """
        more = TYPING if planned and not self.resumed else self.scope.system.about.rto
        mine = self._accepted
        for lost in (change.loses for change in changes if self.is_open or dry):
            if lost is None:
                continue
            if not covers(mine, lost, more):
                but = "" if mine is None else f"; accepted was {typed(mine)}"
                raise GateClosed(
                    f"{lost.words}, and nobody has accepted that{but}",
                    hint=f"the same command with --accept-loss={lost.time}; or return = 'keep' in "
                    "[database] rolls back without the database",
                )

    def foresee(self, action: AnyAction) -> tuple[Change, ...]:
        """Return the plan of an action that comes later, so that what refuses it refuses now."""
        return look(self.connection, action.foreseen(self.scope))

    def perform(self, action: AnyAction, *, vital: bool = True) -> Done:
        """Look, plan, apply, and look again.

        Args:
            action: what to do.
            vital: whether its failure is the failure of its phase.

        Raises:
            GateClosed: the plan is not empty and the run is not armed for this target.
            NotDone: after the changes the plan still is not empty.
        """
        self.timeline.note(ActionBegun(action.name, action.phase))
        try:
            if self.is_open and self._journaled:
                self._begin()
            return self._performed(action)
        except RollbackError as error:
            kind = ActionFailed if vital else ActionAdvisory
            self.timeline.note(kind(action.name, action.phase, error.message))
            raise

    def _performed(self, action: AnyAction) -> Done:
        changes: tuple[Change, ...] = ()
        left = self._planned(action)
        with INTERRUPTS.deferred():
            for _ in range(ROUNDS):
                if not left or is_repeated(left, changes):
                    break
                for change in left:
                    if not INTERRUPTS.heard:  # what was begun is looked at, nothing new is begun
                        self._apply(action, change)
                changes += left
                left = self._planned(action)
        if left:
            INTERRUPTS.stop_here()
            raise NotDone(
                f"the action '{action.name}' had no lasting effect",
                findings=words(left),
                hint="find what undoes these changes on the host, then run the same command again",
            )
        self.timeline.note(ActionDone(action.name, action.phase, len(changes)))
        INTERRUPTS.stop_here()
        return Done(action, changes)

    def _planned(self, action: AnyAction) -> tuple[Change, ...]:
        with doing(f"looks: {action.name}"):
            return action.planned(self.connection, self.scope)

    def _begin(self) -> None:
        """Take the host for this run, or resume the unfinished run that is found there."""
        if self.scope.run:
            return
        with INTERRUPTS.deferred():  # the host has a run of ours then, which has to be ended there
            try:
                begun = self._taken()
            except LockHeld:
                gone = gone_holders(self.connection)
                if not gone:
                    raise
                begun = self._taken(*gone)
            self.begun = begun
            self.scope = replace(self.scope, run=begun.run, holder=self._holder.process)
        since, by = (begun.since, begun.by) if begun.adopted else (None, None)
        self.timeline.note(HostTaken(run=begun.run, adopted=begun.adopted, since=since, by=by))
        INTERRUPTS.stop_here()

    def _taken(self, *gone: HolderProcess) -> RunBegun:
        """Ask the host for a run; holders in `gone` are ignored."""
        me, only = self._holder, tuple(sorted(self.scope.only))
        about = (me.run, me.by, me.process, self.target, only, gone, *subject(self.scope.system))
        request = BeginRequest(self._state, *about)
        return self.connection.ask(Call(BEGIN, request))

    @property
    def _state(self) -> str:
        return self.scope.system.about.state

    def _closed(self, what: str) -> GateClosed:
        other = f": the run is armed for {self._armed!r}" if self._armed else ""
        return GateClosed(
            f"refused to {what} on target {self.target!r}{other}",
            hint=f"pass --arm={self.target} to allow changes on this target",
        )

    def _apply(self, action: AnyAction, change: Change) -> None:
        if not self.is_open:
            raise self._closed(change.what)
        self.demand_accepted([change])
        where = (action.name, action.phase, change.what)
        begin = self.timeline.note(ChangeBegun(*where, change.why))
        with doing(change.what):
            self.connection.ask(replace(change.call, seconds=change.call.seconds + GRACE))
        seconds = round(self.timeline.note(ChangeEnded(*where)) - begin, 3)
        self.timeline.note(ChangeTook(*where, seconds, change.loses))

    def end(self, outcome: str) -> None:
        """Release the host: the run was `recovered`, `failed` or another outcome of `runs.end`.

        Raises:
            Refused: the host says that it ended otherwise: somebody has undone it.
        """
        if not self.scope.run:
            return
        request = EndRequest(self._state, self.scope.run, outcome, self._holder.process)
        held = self.connection.ask(Call(END, request, 30.0)).outcome
        if held != outcome:
            raise Refused(
                f"run {self.scope.run} is {held} on the host, not {outcome}",
                hint="rollback status shows all runs; another one begins anew",
            )


def words(changes: Iterable[Change]) -> list[str]:
    """Return changes as lines for people."""
    return [f"{change.what} ({change.why})" for change in changes]


def is_repeated(left: Iterable[Change], made: Iterable[Change]) -> bool:
    """Return whether something of what is left was done already, and had no effect."""
    known = {each.what for each in made}
    return any(each.what in known for each in left)
