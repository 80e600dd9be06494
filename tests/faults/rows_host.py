"""Rows about what the host does meanwhile: kills, full and failing disks, locks, time, limits."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_rollback.agent import protocol
from pytest_rollback.agent.configuration.units import check as unit_check
from pytest_rollback.agent.messages.restore import RESTORE_PLAN
from pytest_rollback.agent.restore import apply
from pytest_rollback.agent.system.command import run
from pytest_rollback.evidence.events import Decided, Event, RunFinished
from pytest_rollback.evidence.timeline import Timeline
from pytest_rollback.transport.call import AnyCall, Call
from pytest_rollback.transport.payload import BOOT, needed, packed, payload, started
from tests.faults import tracing
from tests.faults.errors import ERRORS
from tests.faults.paths import LINKS
from tests.faults.rows import does, reads, refuses, row
from tests.faults.scene import SECRET, Refused, Scene, asked, clone, lease, undo
from tests.faults.steps import change, roll_back, wanted
from tests.faults.sweep import broken, framed

PATIENT = 60.0


@contextlib.contextmanager
def mounted(place: Path, *words: str) -> Iterator[None]:
    """Mount something at a place for a while."""
    subprocess.run(["mount", *words, place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@row("F06", needs="root")
def one_failure_is_a_failure(scene: Scene) -> None:
    """An immutable file: refused as a whole, and put right the same command restores all."""
    live = scene.root / "app/serve.py"
    with held(live):
        refuses(scene, "immutable")
    roll_back(scene)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Make a file immutable for a while."""
    subprocess.run(["chattr", "+i", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


@row("F07", needs="root")
def a_read_only_root_is_told(scene: Scene) -> None:
    """Nothing is changed, and it is no success."""
    with mounted(scene.root, "--bind", str(scene.root)):
        subprocess.run(["mount", "-o", "remount,bind,ro", scene.root], check=True)
        refuses(scene, "[Rr]ead-only")


@row("F16", needs="root")
def a_full_disk_changes_nothing(scene: Scene) -> None:
    """Staging fails as a whole: every byte is as before. Once there is room, all is restored."""
    root = scene.home.with_name("small")
    root.mkdir()
    with mounted(root, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        small = Scene(root / "home", way="rename")
        small.files["app/big.py"] = "previous" * 25_000
        small.state = scene.home.with_name("state") / "state"
        small.deploy()
        filler = root / "filler"
        filler.write_bytes(b"\0" * max(0, room(root) - 65536))
        refuses(small, "No space left")
        filler.unlink()
        roll_back(small)
        assert small.everything().keys() == small.previous.keys()


def room(place: Path) -> int:
    """Return the free bytes of a file system."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize


@row("F17", needs="strace")
def no_live_path_is_ever_truncated(scene: Scene) -> None:
    """Nothing below the root is opened for writing but files of our own names."""
    opened = [site.about for site in sites(scene, "files") if site.call == "openat"]
    written = [said for said in opened if "/srv" in said and "O_WRONLY" in said]
    assert all(".rollback-" in said and "O_TRUNC" not in said for said in written), written


def sites(scene: Scene, step: str) -> list[tracing.Site]:
    """Return the system calls of a step, in order."""
    return tracing.sites([wanted(scene, step)], scene.home)


def foreseen(scene: Scene, step: str) -> list[tracing.Site]:
    """Return the system calls that a step would take; the scene stays, and is kept beside."""
    kept = scene.home.with_name("kept")
    clone(scene.home, kept)
    found = sites(scene, step)
    clone(kept, scene.home)
    return found


@row("F20", needs="strace")
def a_secret_is_never_readable_by_others(scene: Scene) -> None:
    """A missing .env with a loose copy comes back 0600, and is no looser on the way."""
    (scene.root / "conf/app.env").unlink()
    (scene.root / "conf/app.env.backup").chmod(0o644)
    (scene.root / "conf").chmod(0o700)
    for site in foreseen(scene, "configuration"):
        if site.call in {"fsync", "fchmod", "utimensat", "link", "linkat"}:
            call = wanted(scene, "configuration")
            tracing.kill(site, [call])
            staged = list((scene.root / "conf").glob(".rollback-*"))
            assert not any(path.stat().st_mode & 0o077 for path in staged), site
            clone(scene.home.with_name("kept"), scene.home)
    does(scene, "configuration")
    assert (scene.root / "conf/app.env").stat().st_mode & 0o777 == 0o600


@row("F18", needs="strace")
def a_loop_that_was_killed_goes_on(scene: Scene) -> None:
    """Killed between two files: whatever was done is known, and the rest follows."""
    ended = tracing.kill(tracing.Site("fsync", 8, ""), [wanted(scene, "files")])
    assert ended.killed == signal.SIGKILL
    assert broken(scene, "killed") == []
    roll_back(scene)


@row("F34")
def one_of_two_operators_acts(scene: Scene) -> None:
    """The second is told who holds the host."""
    asked(lease(scene, "r1", os.getpid()))
    with pytest.raises(Refused, match=f"held by the tests .process {os.getpid()} ") as told:
        asked(lease(scene, "r2", os.getppid()))
    assert told.value.kind == "held"


@row("F35", needs="root")
def a_mounted_file_is_refused(scene: Scene) -> None:
    """Its name cannot be given to another file; undo brings everything back."""
    other = scene.home / "mounted.py"
    other.write_text(reads(scene, "app/serve.py"))
    live = scene.root / "app/serve.py"
    with mounted(live, "--bind", str(other)):
        refuses(scene, "something is mounted")
    assert scene.everything() == scene.deployed


@row("F36")
def a_pattern_is_a_name(scene: Scene) -> None:
    """No shell expands what a command is given."""
    (scene.home / "app-rag").mkdir()
    told = run(["printf", "%s", "app-*"], PATIENT, cwd=str(scene.home))
    assert told.out == "app-*"


@row("F37")
def a_unit_that_starts_nothing_is_told(scene: Scene) -> None:
    """No bytes, or no ExecStart: seen before it is installed."""

    def problem(text: str) -> str:
        return unit_check.faults("app.service", text, "app", "systemd").problem

    assert problem("")
    assert problem("[Service]\nType=simple\n") == "[Service] has no ExecStart"
    assert problem(reads(scene, "units/app.service")) == ""


RENAMED = re.compile(r'"([^"]+)", \d+<([^>]*>), "([^"]+)"')


@row("F38", needs="strace")
def bytes_are_durable_before_their_name(scene: Scene) -> None:
    """What is renamed is flushed before, a directory also after the last rename in it."""
    told = [(site.call, site.about) for site in sites(scene, "files")]
    renames = [
        number
        for number, (call, about) in enumerate(told)
        if call.startswith("rename") and "-try." not in about  # these hold nothing
    ]
    flushes = [number for number, (call, _) in enumerate(told) if call == "fsync"]
    journaled = [number for number, (call, _) in enumerate(told) if call == "fdatasync"]
    assert renames
    assert len([each for each in journaled if each < renames[0]]) >= len(("plan", "staged"))
    for number in renames:
        found = RENAMED.search(told[number][1])
        assert found, told[number]
        if found[3].endswith(".old"):
            continue  # a directory that failed: it is not ours to flush
        ends = ("", ".backup")
        durable = {f"/{found[part]}{end}>" for part in (1, 3) for end in ends}
        if any(link.endswith(f"/{found[3]}") for link in LINKS):
            durable = {found[2]}  # a link is durable with its directory
        before = [told[each][1] for each in flushes if each < number]
        assert any(name in said for name in durable for said in before), told[number]
    last = [told[each][1] for each in flushes if each > renames[-1]]
    assert any("/srv/app>" in said for said in last)
    assert any("/srv/mesh>" in said for said in last)


@row("F39", needs="root")
def evidence_elsewhere_is_durable_before_the_source_goes(scene: Scene) -> None:
    """With the state on another file system both versions are there all the time."""
    other = Scene(scene.home.with_name("two"))
    other.state.parent.mkdir(parents=True)
    with mounted(other.state.parent, "-t", "tmpfs", "tmpfs"):
        other.deploy_here()
        roll_back(other)
        assert broken(other, "closed") == []
        undo(other)
        assert other.everything() == other.deployed


@row("F40")
def no_secret_is_given_to_a_process(scene: Scene) -> None:
    """Neither what is asked nor the surroundings of a command hold one."""
    os.environ["PLANTED_TOKEN"] = SECRET
    try:
        told = run(["env"], PATIENT)
    finally:
        del os.environ["PLANTED_TOKEN"]
    assert "PLANTED" not in told.out
    assert SECRET.strip() not in repr(change(scene, "configuration"))


@row("F49", needs="strace")
def a_copy_that_cannot_be_read_stops_the_plan(scene: Scene) -> None:
    """A media error anywhere in the copies: nothing is changed."""
    before = scene.everything()
    calls: list[AnyCall] = [Call(RESTORE_PLAN, scene.request("files"))]
    known = [site for site in tracing.sites(calls, scene.home) if ".backup" in site.about]
    assert known
    for site in known:
        (said,) = tracing.fail(site, "EIO", calls).answers
        assert "problem" in said, site
    assert scene.everything() == before


@row("S06", needs="root")
def a_process_that_no_signal_reaches_is_given_up(scene: Scene) -> None:
    """A command on a frozen file system: its deadline holds."""
    image, place = scene.home / "image", scene.home / "frozen"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    with mounted(place, "-o", "loop", str(image)):
        subprocess.run(["fsfreeze", "-f", place], check=True)
        try:
            told = run(["touch", str(place / "x")], 0.5)
        finally:
            subprocess.run(["fsfreeze", "-u", place], check=True)
    assert told.timed_out
    assert told.seconds < 5.5  # the deadline and the five seconds that are promised


@row("S08")
def an_agent_finishes_without_its_listener(scene: Scene) -> None:
    """Its connection goes away, with a hangup: the restore is done all the same."""
    ask = [wanted(scene, "files").asked()] * 2
    request = {"protocol": protocol.PROTOCOL, "ask": ask, "deadline": 60.0, "secrets": []}
    words = [payload(needed(["restore.apply"])), packed(request)]
    agent = subprocess.Popen(
        [sys.executable, *started(BOOT), *words], stdout=subprocess.PIPE, start_new_session=True
    )
    assert agent.stdout is not None
    agent.stdout.close()
    journal, until = scene.state / "runs/r1/journal", time.monotonic() + PATIENT
    while not journal.exists() and time.monotonic() < until:
        time.sleep(0.002)
    os.kill(agent.pid, signal.SIGHUP)
    agent.wait(PATIENT)
    assert change(scene, "files") is None


@row("S17", needs="root")
def a_state_directory_without_room_loses_nothing(scene: Scene) -> None:
    """No room for the journal: nothing is changed, or it goes on from a reserve."""
    other = Scene(scene.home.with_name("two"))
    other.state.parent.mkdir(parents=True)
    with mounted(other.state.parent, "-t", "tmpfs", "-o", "size=256k", "tmpfs"):
        other.deploy_here()
        asked(lease(other, "r1", 2**22 + 7))
        call = wanted(other, "files")
        filler = other.state.parent / "filler"
        with contextlib.suppress(OSError):
            filler.write_bytes(b"\0" * (1 << 20))
        before = other.everything()
        try:
            asked(call)
        except Refused:
            assert other.everything() == before
        assert broken(other, "full") == []
        filler.unlink()
        roll_back(other)


@row("S20")
def seconds_do_not_follow_the_clock(scene: Scene) -> None:
    """Durations are monotonic; times of day are UTC, beside them."""
    timeline = Timeline(scene.home / "report")
    first = timeline.note(Decided())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: 0.0)
        assert timeline.note(RunFinished()) >= first
    assert all(event.at.endswith("+00:00") for event in timeline.events)


@row("S22")
def a_report_that_cannot_be_written_ends_nothing(scene: Scene) -> None:
    """Events stay in memory, and why is said."""
    (scene.home / "file").write_text("in the way")
    timeline = Timeline(scene.home / "file" / "report")
    timeline.note(Decided())
    assert timeline.events == [Decided(at=timeline.events[0].at, offset=timeline.events[0].offset)]
    assert "Not a directory" in timeline.problem


@row("S23")
def nobody_who_listens_stops_a_restore(scene: Scene) -> None:
    """What a listener to the events raises stays with it."""
    timeline = Timeline(scene.home / "report")

    def fails(_event: Event) -> None:
        raise OSError("the pager is down")

    timeline.listeners.append(fails)
    assert timeline.note(Decided()) >= 0.0


@row("S24", needs="strace")
def an_interrupt_is_as_good_as_a_kill(scene: Scene) -> None:
    """Ctrl-C and SIGTERM reach the agent, too: it ends, and the same command goes on."""
    call = wanted(scene, "files")
    for number, by in ((3, "SIGINT"), (6, "SIGTERM"), (9, "SIGINT")):
        tracing.kill(tracing.Site("fsync", number, ""), [call], by=by)
        assert broken(scene, by) == []
    roll_back(scene)
    undo(scene)
    assert scene.everything() == scene.deployed


@row("S25", needs="strace")
def a_flush_that_failed_is_no_success(scene: Scene) -> None:
    """It is said, and the file is staged anew by the next call."""
    kept = scene.home.with_name("kept")
    for site in foreseen(scene, "files"):
        if site.call in {"fsync", "fdatasync"}:
            (said,) = tracing.fail(site, "EIO", [wanted(scene, "files")]).answers
            assert "problem" in said, site
            clone(kept, scene.home)
    roll_back(scene)


@row("S26")
def a_damaged_journal_stops_and_a_torn_one_goes_on(scene: Scene) -> None:
    """A last line without its end is dropped; anything else is told with its line."""
    does(scene, "files")
    journal = scene.state / "runs/r1/journal"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-7])
    assert apply.apply(scene.request("files")).number
    journal.write_bytes(whole.replace(b'"plan"', b'"plot"', 1))
    with pytest.raises(Refused, match="is damaged at line 1"):
        undo(scene)
    assert broken(scene, "damaged") == []


@row("S27")
def a_hotfix_is_never_lost(scene: Scene) -> None:
    """Neither one after the plan nor one after the restore."""
    call = wanted(scene, "files")
    scene.put("mesh/serve.py", "a hotfix\n")
    before = scene.everything()
    with pytest.raises(Refused, match="changed since the plan"):
        asked(call)
    assert scene.everything() == before
    does(scene, "files")
    scene.put("app/serve.py", "another hotfix\n")
    with pytest.raises(Refused, match="changed after the restore"):
        undo(scene)
    assert reads(scene, "app/serve.py") == "another hotfix\n"
    assert b"a hotfix\n" in scene.contents()


@row("S28")
def few_descriptors_are_enough(scene: Scene) -> None:
    """Hundreds of files with a few descriptors for each thread."""
    other = Scene(scene.home.with_name("many"), many=200).deploy()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        roll_back(other)

    ended = tracing.apart(lambda: framed(limited))
    assert ended.answers == [{"value": None}], ended
    assert len(ERRORS) == 12
