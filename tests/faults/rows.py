"""The rows of the fault table: each is a function here, or a test elsewhere that is that row."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.faults.scene import Refused, Scene, asked
from tests.faults.steps import wanted

FILES = [f"F{number:02}" for number in range(1, 50)] + ["F10b", "F34b", "F36b"]
HOST = [f"S{number:02}" for number in range(1, 29)]
TABLE = sorted(FILES) + HOST
"""Every row of the fault table."""

Check = Callable[[Scene], None]


class Row(NamedTuple):
    """One row that is a function: what it checks, and what it needs of the host."""

    check: Check
    needs: str


ROWS: dict[str, Row] = {}
SYSTEMD = "tests/unit/agent/services/test_systemd.py"
RESTORED = "tests/unit/agent/database/test_restore.py"
SAMPLE = "tests/unit/agent/observe/probes/test_sample.py"
PAGE = "tests/unit/recovery/actions/test_maintenance.py"
GIT = "tests/unit/agent/backup/test_git.py"
TRIAL = "tests/unit/agent/observe/trial/test_trial.py"
CHECK = "tests/unit/agent/configuration/test_check.py"
COMMAND = "tests/unit/agent/system/test_command.py"
STAGED = "tests/unit/agent/observe/trial/test_staged_tree.py"
DUMP = "tests/unit/agent/database/test_dump.py"
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "F15": (f"{PAGE}::test_nothing_is_written_through_what_is_no_page",),
    "F26": (f"{GIT}::test_what_a_commit_holds_is_a_file_with_its_content",),
    "F27": (f"{GIT}::test_a_shallow_clone_says_how_to_deepen_it",),
    "F28": (
        f"{GIT}::test_a_repository_runs_nothing",
        f"{GIT}::test_it_is_read_as_its_owner",
    ),
    "F29": (f"{CHECK}::test_a_default_is_there_for_each_file_and_can_be_read",),
    "F32": (
        f"{TRIAL}::test_the_live_tree_is_tried_in_place",
        f"{STAGED}::test_nothing_is_left_behind",
    ),
    "F33": (f"{TRIAL}::test_the_trial_runs_as_the_service_user",),
    "F36b": (f"{SYSTEMD}::test_a_unit_that_does_not_start_is_told_in_the_managers_words",),
    "F41": (
        f"{SAMPLE}::test_an_answer_that_is_not_wanted_is_a_failure",
        f"{SAMPLE}::test_a_peer_that_does_not_finish_is_given_up",
    ),
    "F42": (f"{SAMPLE}::test_a_redirect_is_not_followed",),
    "F43": (f"{DUMP}::test_a_whole_dump_is_told_by_looking",),
    "F45": (f"{SYSTEMD}::test_a_masked_unit_is_said_so",),
    "S01": (f"{PAGE}::test_a_page_that_routes_nothing_is_not_done",),
    "S02": (f"{PAGE}::test_the_check_comes_before_the_reload",),
    "S03": (
        f"{SYSTEMD}::test_a_unit_that_ignores_sigterm_is_killed",
        f"{SYSTEMD}::test_a_systemctl_that_hangs_is_given_up",
    ),
    "S04": (
        f"{SYSTEMD}::test_states_come_in_our_words",
        f"{SYSTEMD}::test_an_unknown_unit_is_not_a_stopped_one",
    ),
    "S05": (
        f"{SYSTEMD}::test_leftovers_of_a_stopped_unit_are_killed",
        f"{SYSTEMD}::test_ports_are_told_apart",
    ),
    "S07": (f"{COMMAND}::test_a_background_child_with_our_output_delays_nobody",),
    "S09": ("tests/contract/test_unreachable.py::test_a_host_that_never_speaks",),
    "S10": (
        "tests/contract/test_connection.py::test_an_answer_that_breaks_off_says_the_last_words[local]",
    ),
    "S11": (f"{RESTORED}::test_the_dump_is_live_and_the_failed_database_is_kept[custom]",),
    "S12": (f"{RESTORED}::test_a_dump_that_fails_half_way_leaves_the_live_database_alone",),
    "S13": (
        f"{RESTORED}::test_live_sessions_that_hold_locks_do_not_delay_the_swap",
        f"{RESTORED}::test_undo_brings_the_failed_database_back[custom]",
    ),
    "S14": (
        f"{DUMP}::test_a_truncated_dump_is_seen",
        f"{DUMP}::test_a_flipped_bit_is_seen_where_there_is_a_checksum",
    ),
    "S15": (f"{RESTORED}::test_nobody_connects_as_root",),
    "S16": ("tests/unit/checks/test_latency.py::test_a_limit_is_kept_broken_or_not_to_be_told",),
    "S21": (
        "tests/contract/test_connection.py::test_an_old_python_is_named[local]",
        "tests/contract/test_connection.py::test_a_host_without_python_is_named[local]",
    ),
}
"""Rows whose test has a name of its own elsewhere, with what it needs; it is run from here too."""


MACHINE: dict[str, str] = {
    "S18": "a reboot in the middle of a restore needs a whole host: make machine-test",
}
"""Rows that a whole host is needed for, each with why."""


def row(identity: str, needs: str = "") -> Callable[[Check], Check]:
    """Register a function as a row; `needs` is "root" or "strace" where it cannot do without."""

    def register(check: Check) -> Check:
        assert identity not in ROWS | ELSEWHERE, identity
        ROWS[identity] = Row(check, needs)
        return check

    return register


def does(scene: Scene, *steps: str, run: str = "r1") -> None:
    """Do some steps, each of which has something to do."""
    for step in steps:
        asked(wanted(scene, step, run))


def refuses(scene: Scene, words: str, *steps: str) -> None:
    """Check that the steps are refused with some words, and that nothing was changed."""
    before = scene.everything()
    with pytest.raises(Refused, match=words):
        does(scene, *(steps or ("files",)))
    assert scene.everything() == before


def reads(scene: Scene, path: str) -> str:
    """Return the text of a live file."""
    return (scene.root / path).read_text(errors="surrogateescape")


def is_root() -> bool:
    """Tell whether we may mount and the like."""
    return os.geteuid() == 0
