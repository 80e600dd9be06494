"""Which tests each command runs, in one place: `make test`, `make test-all`, and the two long ones.

- `make test` runs every test of the unit and the contract tests that needs no machine, and of the
  other folders those that are named in `SHOWN`: they show the main promises in whole sessions.
- `make test-all` runs what `make test` leaves: those marked `slow`.
- `make sessions`, `make machine-test`, `make faults`, `make mutants`, `make sabotage` and `make
  guests` run what even that leaves: those marked `long`.

`tests/conftest.py` sets both marks by these tables and by tests/long_sessions.py; a test may also
be marked `long` where it is.
"""

from __future__ import annotations

SLOW = (
    *("tests/browser", "tests/faults", "tests/guests", "tests/machine", "tests/plugin"),
    *("tests/plugin/debian", "tests/shapes", "tests/unit/agent/database/engines"),
)
"""Folders whose tests are slow but for those in `SHOWN`: whole sessions, sweeps, a browser."""

KILLS = {
    "tests/unit/agent/database/test_restore.py": (
        "test_an_agent_killed_at_any_step_leaves_a_whole_database",
        "test_a_tool_killed_at_any_time_leaves_the_live_database",
    ),
    "tests/unit/agent/restore/test_same_bytes.py": ("test_a_kill_loses_nothing_of_it",),
    "tests/unit/recovery/test_killed.py": ("test_a_kill_anywhere_loses_nothing",),
    "tests/unit/agent/backup/test_save.py": (
        "test_a_kill_at_any_instant_leaves_live_files_alone_and_can_be_repeated",
    ),
    "tests/unit/agent/backup/strategies/kept/test_killed.py": (
        "test_a_kill_at_any_instant_leaves_a_way_back",
        "test_a_kill_while_directories_are_made_or_taken_away",
    ),
    "tests/unit/agent/database/previous/test_alone.py": (
        "test_nothing_that_it_does_reaches_the_host",
        "test_nothing_is_left_of_one_that_was_killed",
    ),
    "tests/unit/agent/database/previous/test_behind_a_link.py": (
        "test_it_is_the_one_that_was_recorded",
        "test_it_runs_where_it_knows_the_schema",
    ),
    "tests/unit/agent/database/previous/test_previous.py": (
        "test_a_release_that_asks_its_database_nothing_proves_nothing",
        "test_a_release_that_runs_on_the_schema_answers",
        "test_a_schema_that_the_release_does_not_know_is_told",
        "test_some_rows_are_copied_with_their_numbers",
    ),
    "tests/unit/agent/database/rehearsal/test_killed.py": (
        "test_nothing_is_left_of_one_that_was_killed",
        "test_a_guard_that_was_killed_takes_its_server_along",
    ),
    "tests/unit/agent/database/rehearsal/test_hostile.py": (
        "test_many_tables_and_large_objects_are_no_defect",
        "test_a_table_space_is_no_defect",
        "test_a_large_table_without_statistics_is_told",
    ),
    "tests/unit/agent/database/rehearsal/test_objects.py": ("test_an_alteration_is_seen",),
    "tests/unit/agent/database/rehearsal/test_rehearse.py": ("test_a_bad_dump_is_told",),
    "tests/unit/agent/backup/test_links_killed.py": (
        "test_a_kill_at_any_instant_leaves_a_whole_record",
    ),
}
"""Slow tests of other folders: each step of something is killed in turn."""

ON_A_MACHINE = frozenset({"bare", "down"})
"""Fixtures of a whole host: what needs one is slow in every folder."""

PLACES_ON_A_MACHINE = frozenset({"machine", "podman"})
"""Parameters of the contract tests that mean a whole host."""

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
            "set-of-the-release-before",
            "deleted-and-never-saved",
            "program-to-come-gone",
            "previous-needs-what-was-added",
            "dump-cut",
        )
    ),
    "tests/plugin/test_readiness.py": (
        "test_a_system_that_is_right_is_ready",
        "test_a_defect_turns_its_criterion_red[readiness.backups.intact]",
        "test_a_defect_turns_its_criterion_red[readiness.units.startable]",
        "test_a_typo_in_the_manifest_ends_before_anything_is_asked",
        "test_every_criterion_has_a_defect",
    ),
    "tests/unit/agent/database/engines/test_conformance.py": (
        "test_each_engine_answers_all_questions",
        "test_a_dump_becomes_the_live_database_and_back[sqlite-wal]",
        "test_a_damaged_dump_is_told[sqlite-schema only]",
    ),
    "tests/unit/agent/database/engines/test_sqlite.py": (
        "test_nothing_is_swapped_under_a_process_that_has_the_file_open",
    ),
    "tests/plugin/test_partial.py": (
        "test_less_than_the_suite_is_partial[-k]",
        "test_less_than_the_suite_is_partial[-k in two processes]",
        "test_what_is_not_met_stays_so[words0]",
    ),
    "tests/plugin/test_drill.py": (
        "test_an_unarmed_drill_changes_nothing",
        "test_a_worker_changes_nothing",
        "test_an_armed_drill_brings_the_previous_release_back",
    ),
    "tests/plugin/test_interrupts.py": ("test_the_same_command_goes_on[configuration-SIGKILL]",),
    "tests/plugin/test_sabotages.py": (
        "test_a_sabotaged_drill_is_not_recovered[drill.files.restored]",
        "test_what_cannot_be_finished_is_not_begun[a misspelt unit]",
        "test_every_criterion_of_the_drill_was_seen_red",
    ),
    "tests/plugin/test_guards.py": ("test_bad_input_gives_one_message", "test_no_false_green"),
    "tests/plugin/test_create_backups.py": (
        "test_copies_and_the_record_are_there",
        "test_the_same_call_again_changes_nothing",
        "test_what_the_host_refuses_changes_nothing",
    ),
    "tests/plugin/test_ticks.py": (
        "test_a_terminal_ticks_in_one_line_that_is_gone_at_the_end[True]",
        "test_a_pipe_gets_lines_of_their_own_beside_the_output[False]",
    ),
    "tests/plugin/test_status_watch.py": ("test_it_ends_as_the_run_ends[recovered-0]",),
    "tests/plugin/test_hurried_operator.py": ("test_an_option_that_there_is_not",),
    "tests/plugin/test_validate.py": (
        "test_a_system_that_is_right_is_recovered",
        "test_every_criterion_has_a_defect",
    ),
    "tests/plugin/test_triage.py": ("test_every_criterion_has_a_defect",),
    "tests/plugin/test_monitor.py": (
        "test_ctrl_c_gives_an_honest_verdict",
        "test_every_criterion_has_a_defect",
    ),
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

MACHINE = {
    "test_drill.py": (
        "test_a_healthy_machine_is_ready",
        "test_a_broken_release_is_rolled_back[crash-loop]",
        "test_a_unit_at_its_start_limit_is_started",
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
            "drill.units.stopped",
            "drill.files.restored",
            "drill.start.guarded",
            "drill.units.installed",
            "drill.services.started",
            "drill.maintenance.lifted",
        )
    ),
}
"""What `make test-all` runs of tests/machine, by file: whole drills over ssh, the count of round
trips, an operator too many, a line that drops, a reboot, and a sabotage of each phase."""
