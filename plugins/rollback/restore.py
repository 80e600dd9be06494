"""The restore actions as session fixtures; each asks for the one that must come before it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rollback import actions, export, latency, telling
from rollback.action import Done
from rollback.errors import RollbackError
from rollback.gate import Gate
from rollback.holder import Holder
from rollback.live import Live
from rollback.notify import Notifier
from rollback.plugin import GATE, PROBER, SANDBOX, run_of
from rollback.rehearsal import lines, rehearse
from rollback.run import Run, operator

NOTIFIER: pytest.StashKey[Notifier] = pytest.StashKey()


def gate_of(config: pytest.Config, run: Run) -> Gate:
    """Return the session's gate, made when it is first asked for.

    Raises:
        GateClosed: this is a worker of pytest-xdist.
    """
    if GATE not in config.stash:
        sandbox = config.stash.get(SANDBOX, None)
        own = run.demonstration and sandbox is not None  # nothing but a sandbox arms itself
        config.stash[GATE] = Gate(
            run.connection,
            run.scope,
            run.timeline,
            armed=run.system.target.name if own else run.asked.armed,
            holder=Holder.here(run.identity, operator()),
            worker=hasattr(config, "workerinput"),
        )
    return config.stash[GATE]


def roll_back(config: pytest.Config, run: Run) -> None:
    """Carry the whole rollback out, without criteria: how a sandbox gets to be rolled back."""
    gate = gate_of(config, run)
    for action in actions.ACTIONS:
        vital = action is not actions.START_OPTIONAL
        with contextlib.suppress(*(() if vital else (RollbackError,))):
            gate.perform(action, vital=vital)


def enter(config: pytest.Config, run: Run, suite: str) -> None:
    """Begin a suite: forget what was read before it, and get a sandbox of ours ready for it."""
    if run.suite == suite:
        return
    if not run.suite and not hasattr(config, "workerinput"):
        began(config, run)
    run.suite = suite
    run.facts.clear()
    if hasattr(config, "workerinput"):
        return
    sandbox = config.stash.get(SANDBOX, None)
    if sandbox is not None:
        sandbox.prepare(
            suite,
            healthy=lambda: latency.keep(run.connection, run.system),
            roll_back=lambda: roll_back(config, run),
        )
    if suite == "drill" and gate_of(config, run).is_open:
        from rollback.prober import prober_for  # noqa: PLC0415 - only a drill pays for httpx

        if config.getoption("--live"):
            run.timeline.listeners.append(Live(run.system, writer(config)))
        config.stash[NOTIFIER] = telling.begin(run)
        run.timeline.decide()
        config.stash[PROBER] = prober = prober_for(run.system)
        prober.start()


def writer(config: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line to the terminal now, while a fixture is at work."""
    terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        aside = capture.global_and_fixture_disabled() if capture else contextlib.nullcontext()
        with aside:
            terminal.ensure_newline()
            terminal.write_line(line)

    return write


def began(config: pytest.Config, run: Run) -> None:
    """Note what the run is, for whoever has nothing but its timeline."""
    sandbox = config.stash.get(SANDBOX, None)
    run.timeline.note(
        "began",
        run=run.identity,
        operator=operator(),
        target=run.system.target.name,
        incident=run.asked.incident,
        manifest=str(run.loaded.path),
        sha256=run.loaded.sha256,
        demonstration=run.demonstration,
        scenario=sandbox.scenario if sandbox else None,
        resume="" if run.fleeting else run.resume,
    )


def keep_evidence(run: Run) -> None:
    """Bring what the host has of the run into its folder; what cannot be had is told."""
    events, known = run.timeline.events, export.run_of(run.timeline.events)
    try:
        if known:
            found = export.collect(run.connection, run.folder, known, events, run.redactor)
            run.evidence = found.told
        export.plan(run.folder, events)
    except (RollbackError, OSError) as error:
        run.notes.append(f"the evidence is not complete: {error}")


def leave(config: pytest.Config, run: Run) -> None:
    """End a session: stop looking at what users get, and let go of the host."""
    prober = config.stash.get(PROBER, None)
    if prober is not None:
        run.users = prober.stop()
    gate = config.stash.get(GATE, None)
    if gate is not None:
        try:
            gate.end(run.ended)
        except RollbackError as error:
            run.notes.append(str(error))
        keep_evidence(run)
        if not (run.asked.dry or run.isolates):
            run.notes += filter(None, (each.spared(run.scope) for each in actions.ACTIONS))
    if run.connection.trips:
        with contextlib.suppress(RollbackError):  # the criteria have said so already
            run.backups = _recorded(run, changed=gate is not None)
    run.connection.close()
    run.timeline.note("finished", verdict=run.verdict)
    telling.end(run, config.stash.get(NOTIFIER, None))
    run.timeline.close()


def _recorded(run: Run, *, changed: bool) -> Any:  # noqa: ANN401 - as the host answers
    """Return what the record says of itself: as it was looked at, where nothing was changed since.

    Raises:
        RollbackError: the host cannot be asked.
    """
    looked = None if changed else run.facts.get("backups")
    if isinstance(looked, dict):
        return looked["record"]
    about = run.system.about
    return run.connection.ask(
        "backups", "heading", state=about.state, root=about.root, suffix=about.suffix
    )


def rehearsed(config: pytest.Config, run: Run) -> Iterator[str]:
    """Yield the plan of the whole rollback; one that cannot be made is a criterion not met."""
    title = "The plan of every action can be made."
    try:
        steps = rehearse(gate_of(config, run), actions.ACTIONS)
    except RollbackError as error:
        run.state("drill.plan.made", title, error)
    else:
        changes = [change for step in steps for change in step.changes]
        run.estimate = sum(change.estimate for change in changes), len(changes)
        run.state("drill.plan.made", title)
        yield from lines(steps, run.scope)


@pytest.fixture(scope="session")
def gate(pytestconfig: pytest.Config) -> Gate:
    """The only door to changes; shut unless --arm repeats the target's name."""
    return gate_of(pytestconfig, run_of(pytestconfig))


@pytest.fixture(scope="session")
def troubleshoot(pytestconfig: pytest.Config) -> Any:  # noqa: ANN401 - only who asks for it pays
    """Breaks the sandbox on purpose and rolls it back; whatever is no sandbox is refused."""
    from rollback.troubles import Troubles  # noqa: PLC0415

    return Troubles(run_of(pytestconfig), pytestconfig.stash.get(SANDBOX, None))


@pytest.fixture(scope="session")
def snapshot_saved(gate: Gate, pytestconfig: pytest.Config) -> Done:
    """Prepare: the state before the rollback is kept. Nothing is done that cannot be finished."""
    only = (actions.SNAPSHOT, actions.ISOLATE) if run_of(pytestconfig).isolates else actions.ACTIONS
    gate.enter()
    steps = rehearse(gate, only)
    gate.timeline.note("planned", plan=[*lines(steps, gate.scope)])
    return gate.perform(actions.SNAPSHOT)


@pytest.fixture(scope="session")
def isolated(snapshot_saved: Done, gate: Gate) -> Done:  # noqa: ARG001 - it must come first
    """Phase 1: no unit that is rolled back runs."""
    return gate.perform(actions.ISOLATE)


@pytest.fixture(scope="session")
def guarded(isolated: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 1: nothing starts on a mixed tree, not even after a reboot."""
    return gate.perform(actions.GUARD_ON)


@pytest.fixture(scope="session")
def maintenance_on(guarded: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 1: users are told to wait."""
    return gate.perform(actions.MAINTENANCE_ON)


@pytest.fixture(scope="session")
def files_restored(maintenance_on: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: every live file equals its saved copy."""
    return gate.perform(actions.RESTORE_FILES)


@pytest.fixture(scope="session")
def added_removed(files_restored: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 2: no file that the deploy added is left."""
    return gate.perform(actions.REMOVE_ADDED)


@pytest.fixture(scope="session")
def configuration_restored(added_removed: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: the configuration is the recorded one."""
    return gate.perform(actions.RESTORE_CONFIGURATION)


@pytest.fixture(scope="session")
def defaults_used(configuration_restored: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3, last resort: what --use-defaults asks for, and nothing without it."""
    return gate.perform(actions.USE_DEFAULTS)


@pytest.fixture(scope="session")
def units_installed(defaults_used: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: the service manager has the recorded unit files, under their own names."""
    return gate.perform(actions.INSTALL_UNITS)


@pytest.fixture(scope="session")
def caches_cleared(units_installed: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: no bytecode of another version lies beside a restored source."""
    return gate.perform(actions.CLEAR_CACHES)


@pytest.fixture(scope="session")
def database_restored(caches_cleared: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 3: the live database is the dump's, where the manifest wants that."""
    return gate.perform(actions.RESTORE_DATABASE)


@pytest.fixture(scope="session")
def copies_separated(database_restored: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: no saved copy shares its bytes with a live file that a service may write to."""
    return gate.perform(actions.SEPARATE)


@pytest.fixture(scope="session")
def unguarded(copies_separated: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: all is restored and verified; units may start again."""
    return gate.perform(actions.GUARD_OFF)


@pytest.fixture(scope="session")
def services_started(unguarded: Done, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: every required component is healthy and stays up, started in order."""
    return gate.perform(actions.START)


@pytest.fixture(scope="session")
def optional_started(services_started: Done, gate: Gate) -> Done | RollbackError:  # noqa: ARG001
    """Phase 4: optional components are tried last; what keeps them down is only told."""
    try:
        return gate.perform(actions.START_OPTIONAL, vital=False)
    except RollbackError as error:
        return error


@pytest.fixture(scope="session")
def maintenance_off(optional_started: Done | RollbackError, gate: Gate) -> Done:  # noqa: ARG001
    """Phase 4: users get the system again; only a healthy one."""
    return gate.perform(actions.MAINTENANCE_OFF)


@pytest.fixture(scope="session")
def closed(maintenance_off: Done, gate: Gate) -> Done:  # noqa: ARG001 - it must come first
    """Last: saved copies and failed versions lie in the run's evidence, not beside the files."""
    return gate.perform(actions.CLOSE)
