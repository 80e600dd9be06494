"""Which tests each command runs, in one place: `make test`, `make test-all`, and the two long ones.

- `make test` runs every test of the unit and the contract tests that needs no machine, and of the
  other folders those that are named in `SHOWN`: they show the main promises in whole sessions.
- `make test-all` runs what `make test` leaves: those marked `slow`.
- `make sessions`, `make machine-test`, `make faults`, `make mutants`, `make sabotage` and `make
  guests` run what even that leaves: those marked `long`.

`tests/conftest.py` sets both marks by these tables, by tests/slow_tests.py and by
tests/long_sessions.py; a test may also be marked `long` where it is.
"""

from __future__ import annotations

SLOW = (
    *("tests/browser", "tests/faults", "tests/guests", "tests/machine", "tests/plugin"),
    *("tests/plugin/debian", "tests/shapes", "tests/fleet", "tests/unit/agent/database/engines"),
)
"""Folders whose tests are slow but for those in `SHOWN`: whole sessions, sweeps, a browser."""

ON_A_MACHINE = frozenset({"bare", "down"})
"""Fixtures of a whole host: what needs one is slow in every folder."""

PLACES_ON_A_MACHINE = frozenset({"machine", "podman", "ansible"})
"""Parameters of the contract tests that mean a whole host; and Ansible, which starts slowly."""

CONTAINERS = "tests/containers"
"""A folder whose tests are long: each has an engine, and two at a time share names of networks."""

SABOTAGE = "tests/sabotage/test_defects.py"
"""All of it is long but for the defects in `SHOWN`."""

SHOWN = {
    SABOTAGE: tuple(
        f"test_a_defect_is_seen[{name}]"
        for name in (
            "healthy",
            "backup-truncated",
        )
    ),
    "tests/plugin/test_readiness.py": (
        "test_a_system_that_is_right_is_ready",
        "test_a_defect_turns_its_criterion_red[readiness.backups.intact]",
        "test_a_typo_in_the_manifest_ends_before_anything_is_asked",
        "test_every_criterion_has_a_defect",
    ),
    "tests/unit/agent/database/engines/test_conformance.py": (
        "test_each_engine_answers_all_questions",
        "test_a_dump_becomes_the_live_database_and_back[sqlite-wal]",
        "test_a_damaged_dump_is_told[sqlite-schema only]",
        "test_a_dump_becomes_the_live_database_and_back[mariadb]",
        "test_a_damaged_dump_is_told[mariadb-cut]",
    ),
    "tests/unit/agent/database/engines/test_sqlite.py": (
        "test_nothing_is_swapped_under_a_process_that_has_the_file_open",
    ),
    "tests/plugin/test_partial.py": ("test_less_than_the_suite_is_partial[-k in two processes]",),
    "tests/plugin/test_drill.py": (
        "test_an_unarmed_drill_changes_nothing",
        "test_an_armed_drill_brings_the_previous_release_back",
    ),
    "tests/plugin/test_sabotages.py": ("test_every_criterion_of_the_drill_was_seen_red",),
    "tests/plugin/test_guards.py": ("test_bad_input_gives_one_message", "test_no_false_green"),
    "tests/plugin/test_create_backups.py": (
        "test_copies_and_the_record_are_there",
        "test_the_same_call_again_changes_nothing",
        "test_what_the_host_refuses_changes_nothing",
    ),
    "tests/plugin/test_status_watch.py": ("test_it_ends_as_the_run_ends[recovered-0]",),
    "tests/plugin/test_validate.py": (
        "test_a_system_that_is_right_is_recovered",
        "test_every_criterion_has_a_defect",
    ),
    "tests/plugin/test_triage.py": ("test_every_criterion_has_a_defect",),
    "tests/plugin/test_monitor.py": ("test_every_criterion_has_a_defect",),
    "tests/plugin/test_troubleshooting.py": ("test_every_issue_was_seen_red",),
    "tests/faults/test_rows.py": ("test_row", "test_no_row_vanished"),
    "tests/faults/test_operators.py": ("test_one_of_four_acts",),
}
"""What `make test` runs of those folders, by file: single tests, or all cases of a function."""

FIRST = (
    "tests/plugin/test_secrets.py",
    "tests/plugin/test_interrupts.py",
    "tests/plugin/test_sabotages.py",
    "tests/unit/recovery/test_killed.py",
)
"""Files that take longest: begun first, so that none of them is left at the end, alone."""

MANY, EACH = 4, 3
"""Of a slow function with more cases than MANY, `make test-all` runs one of EACH, in order."""

SESSIONS = ("tests/plugin/", "tests/fleet/", "tests/architecture/", "tests/unit/")
"""Where `make sessions` looks for what is long, so that nothing is left there by everybody."""

WHOLE = tuple(f"tests/plugin/test_{suite}.py" for suite in ("readiness", "validate", "triage"))
"""Files that are run with all cases all the same: each criterion is seen red."""


def has_siblings(file: str) -> bool:
    """Tell whether cases of a file's slow functions may be left to `make sessions`."""
    return file.startswith(SESSIONS) and file not in WHOLE


MACHINE = {
    "test_drill.py": (
        "test_a_healthy_machine_is_ready",
        "test_a_broken_release_is_rolled_back[crash-loop]",
        "test_a_broken_package_is_rolled_back[crash-at-import]",
        "test_readiness_through_the_engine",
    ),
    "test_documented.py": ("test_the_guide_leads_from_an_empty_host_to_a_rehearsed_rollback",),
    "test_faults.py": (
        "test_a_line_that_drops_in_a_phase_is_gone_on_from[files]",
        "test_a_reboot_in_a_phase_is_gone_on_from[files]",
        "test_a_second_operator_is_kept_out",
    ),
    "test_host.py": (
        "test_only_the_target_differs_from_production",
        "test_everything_of_a_host_runs_under_its_init",
        "test_units_are_those_of_the_release[aivillage-gateway]",
        "test_it_is_reached_on_loopback_alone",
        "test_only_its_own_key_opens_it",
        "test_another_host_key_is_refused",
        "test_users_get_the_page_for_as_long_as_it_exists",
        "test_the_history_belongs_to_the_service_user_and_is_clean",
    ),
    "test_engine.py": ("test_an_engine_that_starts_nothing_is_told",),
    "test_life.py": (
        "test_without_an_engine_one_message_says_how_to_get_one[command0]",
        "test_without_an_engine_one_message_says_how_to_get_one[command2]",
    ),
    "test_sabotages.py": tuple(
        f"test_a_sabotaged_drill_is_not_recovered[{identity}]"
        for identity in (
            "drill.files.restored",
            "drill.start.guarded",
        )
    ),
}
"""What `make test-all` runs of tests/machine, by file: whole drills over ssh, the count of round
trips, an operator too many, a line that drops, a reboot, and a sabotage of each phase."""
