"""Engines with one thing left out: each has to be caught, or the proofs prove nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest_rollback

REPOSITORY = Path(__file__).parents[2]
PACKAGE = Path(pytest_rollback.__file__).parent
FAULTS = "tests/faults"
HARNESSES = {
    "rows": (f"{FAULTS}/test_rows.py::test_row",),
    "edges": (
        "tests/unit/agent/restore/test_older_journal.py",
        "tests/unit/agent/restore/test_lost_versions.py",
        "tests/unit/agent/state/test_runs.py",
        "tests/unit/agent/state/test_other_root.py",
        "tests/unit/agent/rollback/test_added_files.py",
        "tests/unit/agent/rollback/test_moved_back.py",
        "tests/unit/agent/files/test_holes.py",
        "tests/unit/agent/files/test_few_threads.py",
        f"{FAULTS}/test_edges.py",
    ),
    "intruder": (f"{FAULTS}/test_intruder.py",),
    "operators": (f"{FAULTS}/test_operators.py",),
    "kills": (f"{FAULTS}/test_kills.py", "-k", "files or configuration or close"),
    "errors": (f"{FAULTS}/test_errors.py", "-k", "files or configuration or across"),
    "power": (f"{FAULTS}/test_power.py", "-k", "noauto_da_alloc"),
}
"""What judges an engine, each a sample. A mutant is caught by one that fails with it."""

FAILED = 1
"""What pytest returns when a test failed; all else means that it could not be judged."""


class Edit(NamedTuple):
    """A place in a module of the agent, and what stands there in the mutant."""

    module: str
    old: str
    new: str


class Mutant(NamedTuple):
    """An engine with something left out, and which test catches it quickly."""

    what: str
    edits: tuple[Edit, ...]
    quick: str


POUR = """
def pour(directory: int, staged: str, name: str) -> None:
    with open(os.open(staged, os.O_RDONLY, dir_fd=directory), "rb") as source:
        with open(os.open(name, os.O_WRONLY | os.O_TRUNC, dir_fd=directory), "wb") as target:
            target.write(source.read())


def moved("""
EXCHANGED = "            exchange.exchange(directory, staged, name)\n"
RENAMED = "        os.rename(staged, name, src_dir_fd=directory, dst_dir_fd=directory)\n"
ROW = f"{FAULTS}/test_rows.py::test_row"
OLDER = "tests/unit/agent/restore/test_older_journal.py"
LOST = "tests/unit/agent/restore/test_lost_versions.py"
UNIT = "tests/unit/agent"

MUTANTS = (
    Mutant(
        "no file fsync",
        (
            Edit("restore/stage", "flushed(open_regular(directory, name))\n", "pass\n"),
            Edit(
                "restore/name_exchange", "        flushed(opened)\n", "        os.close(opened)\n"
            ),
        ),
        f"{ROW}[F38]",
    ),
    Mutant(
        "truncate in place",
        (
            Edit(
                "restore/name_exchange",
                EXCHANGED,
                "            commit.pour(directory, staged, name)\n",
            ),
            Edit(
                "restore/name_exchange",
                "from . import displaced, stage\n",
                "from . import commit, displaced, stage\n",
            ),
            Edit("restore/commit", RENAMED, "        pour(directory, staged, name)\n"),
            Edit("restore/commit", "\ndef moved(", POUR),
        ),
        f"{ROW}[F17]",
    ),
    Mutant(
        "no lock",
        (
            Edit(
                "state/lock",
                "            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)\n",
                "",
            ),
        ),
        f"{FAULTS}/test_operators.py::test_a_change_is_alone",
    ),
    Mutant(
        "follow symlink",
        (
            Edit(
                "files/handles",
                "REGULAR = os.O_RDONLY | os.O_NOFOLLOW |",
                "REGULAR = os.O_RDONLY |",
            ),
            Edit(
                "files/state",
                "            found = os.stat(name, dir_fd=directory, follow_symlinks=False)\n",
                "            found = os.stat(name, dir_fd=directory)\n",
            ),
        ),
        f"{ROW}[F12]",
    ),
    Mutant(
        "no re-verify",
        (
            Edit(
                "restore/commit",
                "if not (whole or item.is_new(",
                "if not (True or item.is_new(",
            ),
        ),
        f"{FAULTS}/test_intruder.py::test_a_staged_file_that_was_damaged_is_staged_again",
    ),
    Mutant(
        "consume backup",
        (
            Edit(
                "restore/commit",
                "            self.swap(place, tree, item)\n",
                "            self.swap(place, tree, item)\n"
                "            os.unlink(name + place.suffix, dir_fd=directory)\n",
            ),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[rename-files]",
    ),
    Mutant(
        "commit before stage",
        (
            Edit(
                "restore/commit",
                "        place.each(self._write, items)\n",
                "        place.each(\n"
                "            lambda *one: (self._write(*one), self.commit(*one)) and None,\n"
                "            items,\n"
                "        )\n"
                "        return\n",
            ),
            Edit("restore/batch", 'if since_plan(journal, "preserved") is None:', "if False:"),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[rename-files]",
    ),
    Mutant(
        "wrong order of directory fsync",
        (
            Edit(
                "restore/batch",
                "    where.each(way.commit, items)\n    where.settle(items)\n",
                "    where.settle(items)\n    where.each(way.commit, items)\n",
            ),
        ),
        f"{ROW}[F38]",
    ),
    Mutant(
        "trust the plan on resume",
        (
            Edit(
                "restore/commit",
                "    return None if item.is_new(live) or item.may_change(live) else path\n",
                "    return None\n",
            ),
            Edit(
                "restore/commit",
                "            if not item.may_change(live):\n"
                "                raise moved(place, [path])\n",
                "",
            ),
        ),
        f"{FAULTS}/test_intruder.py::test_a_hotfix_after_a_crash_stays",
    ),
    Mutant(
        "unlink before rename",
        (
            Edit(
                "restore/name_exchange",
                EXCHANGED,
                "            os.unlink(name, dir_fd=directory)\n    " + RENAMED,
            ),
            Edit(
                "restore/commit",
                RENAMED,
                "        os.unlink(name, dir_fd=directory)\n    " + RENAMED,
            ),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[exchange-files]",
    ),
    Mutant(
        "forget xattrs",
        (Edit("files/metadata", "    _apply_xattrs(opened, wanted.xattrs)\n", ""),),
        f"{ROW}[F21]",
    ),
    Mutant(
        "skip hash",
        (
            Edit(
                "restore/diff",
                "if copy.has_content(saved):",
                "if copy.is_kind(saved):",
            ),
            Edit("restore/stage", "if not saved.has_bytes(digest):", "if False:"),
            Edit("restore/name_exchange", "if not whole or saved.flags", "if saved.flags"),
        ),
        f"{ROW}[F11]",
    ),
    Mutant(
        "journal without fsync",
        (Edit("state/journal", "os.fdatasync(self.handle)", "None"),),
        f"{ROW}[F38]",
    ),
    Mutant(
        "failed version not preserved",
        (
            Edit(
                "restore/commit",
                "        if not item.live or (item.was_directory and not item.is_dressed):\n",
                "        if True:\n",
            ),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[rename-files]",
    ),
    Mutant(
        "directory moved in two steps",
        (
            Edit(
                "restore/commit",
                "            exchange.exchange(directory, staged, name)\n",
                "            old = place.names(item.saved.path)[1]\n"
                "            os.rename(name, old, src_dir_fd=directory, dst_dir_fd=directory)\n"
                "            os.rename(staged, name, src_dir_fd=directory, dst_dir_fd=directory)\n",
            ),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[rename-files]",
    ),
    Mutant(
        "directory made again stays",
        (
            Edit(
                "restore/revert",
                "        displaced.clear(",
                "        (lambda *_: None)(",
            ),
        ),
        f"{FAULTS}/test_kills.py::test_a_kill_before_any_call[exchange-undo after close]",
    ),
    Mutant(
        "unlink by name",
        (
            Edit(
                "restore/displaced",
                "                set_aside(directory, name)\n",
                "                pass\n",
            ),
        ),
        f"{OLDER}::test_a_name_that_nobody_knows_is_set_aside",
    ),
    Mutant(
        "trust an older journal",
        (Edit("restore/revert", "return [*known, more] if more else known", "return known"),),
        f"{OLDER}::test_undo_without_a_plan_is_sure",
    ),
    Mutant(
        "undo compares content alone",
        (
            Edit(
                "restore/plan",
                "return self.is_new(side) or half_way",
                "return side.has_content(self.saved) or half_way",
            ),
        ),
        f"{OLDER}::test_a_mode_that_was_changed_is_a_change",
    ),
    Mutant(
        "undo that does not look for versions",
        (Edit("restore/failed_versions", "if not item.live:", "if item:"),),
        f"{LOST}::test_undo_is_refused_before_it_begins_and_goes_on_without",
    ),
    Mutant(
        "runs ordered by time",
        (Edit("state/lease", "(each.number, each.since)", "(each.since, each.number)"),),
        "tests/unit/agent/state/test_runs.py::test_runs_are_in_the_order_of_their_numbers",
    ),
    Mutant(  # V4
        "mounts not looked at",
        (Edit("rollback/added_files", "refused = disk.mounted(root, paths)", "refused = []"),),
        f"{UNIT}/rollback/test_added_files.py::test_a_file_under_a_mount_is_named",
    ),
    Mutant(  # V7
        "protected directories not looked at",
        (
            Edit(
                "restore/apply",
                "    refused += protected(root, [item.saved.path for item in found])\n",
                "",
            ),
        ),
        f"{LOST}::test_a_protected_directory_is_refused_before_anything_moves",
    ),
    Mutant(  # V7
        "threads relied on",
        (Edit("files/fsync", "    with suppress(RuntimeError):", "    with suppress(OSError):"),),
        f"{UNIT}/files/test_few_threads.py::test_all_is_done_in_order",
    ),
    Mutant(  # V8
        "leases by time of day",
        (Edit("state/last_sign", "time.clock_gettime(time.CLOCK_BOOTTIME)", "time.time()"),),
        f"{UNIT}/state/test_runs.py::test_a_clock_that_jumps_hands_over_no_run",
    ),
    Mutant(  # V8
        "who was followed goes on",
        (Edit("state/lock", "location.root, location.holder)", "location.root, None)"),),
        f"{UNIT}/state/test_other_root.py::test_who_was_followed_changes_nothing_more",
    ),
    Mutant(  # V9
        "another root",
        (
            Edit("state/lock", "known.refuse(location.root, ", 'known.refuse("", '),
            Edit("state/runs", "found.refuse(request.root, None)", 'found.refuse("", None)'),
            Edit("rollback/undo", "known.refuse(location.root, None)", 'known.refuse("", None)'),
            Edit("backup/selection", "if root and os.path", "if False and os.path"),
        ),
        f"{UNIT}/state/test_other_root.py::test_nothing_goes_on_below_another_root",
    ),
    Mutant(  # V9
        "the clock of the record decides",
        (Edit("rollback/empty_directories", "if path not in before and ", "if "),),
        f"{UNIT}/rollback/test_added_files.py::"
        "test_a_directory_that_was_there_stays_whatever_the_clock_said",
    ),
    Mutant(  # V9
        "holes are filled",
        (Edit("files/read", "if holes and not block", "if False and not block"),),
        f"{UNIT}/files/test_holes.py::test_holes_stay_holes",
    ),
    Mutant(  # V5
        "evidence that no journal names",
        (
            Edit(
                "rollback/moved_back",
                "        listed = list(_kept(tree))\n",
                "        listed = list(_kept(tree))[:0]\n",
            ),
        ),
        f"{UNIT}/rollback/test_moved_back.py::test_an_end_that_is_lost_is_told_by_the_evidence",
    ),
    Mutant(
        "swallow a failed fsync",
        (
            Edit(
                "files/fsync",
                "        os.fsync(opened)\n",
                "        with __import__('contextlib').suppress(OSError):\n"
                "            os.fsync(opened)\n",
            ),
        ),
        f"{ROW}[S25]",
    ),
    Mutant(
        "staged secret readable by others",
        (
            Edit(
                "restore/stage",
                "    try:\n        target = os.open(name, FRESH, 0o600, dir_fd=directory)\n",
                "    try:\n        target = os.open(name, FRESH, 0o644, dir_fd=directory)\n",
            ),
        ),
        f"{ROW}[F20]",
    ),
    Mutant(
        "source gone before the evidence is whole",
        (
            Edit(
                "state/evidence",
                "        with target[0].naming(target[1]):\n"
                "            copy((here, name), (there, new))\n"
                "        os.unlink(name, dir_fd=here)\n",
                "        held = os.open(name, os.O_RDONLY, dir_fd=here)\n"
                "        os.unlink(name, dir_fd=here)\n"
                "        with open(held, 'rb') as file:\n"
                "            with open(os.open(new, FRESH, 0o600, dir_fd=there), 'wb') as kept:\n"
                "                kept.write(file.read())\n",
            ),
        ),
        f"{ROW}[F39]",
    ),
)


def made(mutant: Mutant, place: Path) -> Path:
    """Copy the package with a mutant's edits, each of which has to find its one place."""
    package = place / "pytest_rollback"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in mutant.edits:
        file = package / "agent" / f"{edit.module}.py"
        file.write_text(edited(mutant, edit, file.read_text()))
    return place


def edited(mutant: Mutant, edit: Edit, text: str) -> str:
    """Return a module's text with an edit, which has to find its one place there."""
    assert text.count(edit.old) == 1, (
        f"{mutant.what}: {edit.module}.py holds {edit.old!r} {text.count(edit.old)} times; "
        "the engine changed, so has this mutant to"
    )
    changed = text.replace(edit.old, edit.new)
    compile(changed, edit.module, "exec")  # what cannot be run is caught by anything
    return changed


def judged(place: Path, *nodes: str) -> tuple[int, str]:
    """Run some tests with a copy of the package; return pytest's code and its last words."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *nodes]
    around = {key: value for key, value in os.environ.items() if key != "ROLLBACK_FAULTS"}
    done = subprocess.run(
        words,
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        errors="replace",
        env={**around, "PYTHONPATH": str(place), "ROLLBACK_MUTANT": str(place)},
    )
    return done.returncode, (done.stdout + done.stderr)[-3000:]
