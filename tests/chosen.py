"""Which tests each command runs, in one place: `make test`, `make test-all`, and the two long ones.

- `make test` runs every test of the unit and the contract tests that needs no machine, and of the
  other folders those that are named in `SHOWN`: they show the main promises in whole sessions.
- `make test-all` runs what `make test` leaves: those marked `slow`.
- `make sessions`, `make machine-test`, `make faults`, `make mutants`, `make sabotage` and `make
  guests` run what even that leaves: those marked `long`.

`tests/conftest.py` sets both marks by these tables; a test may also be marked `long` where it is.
"""

from __future__ import annotations

SLOW = (
    *("tests/browser", "tests/faults", "tests/guests", "tests/machine", "tests/plugin"),
    *("tests/plugin/debian", "tests/shapes"),
)
"""Folders whose tests are slow but for those in `SHOWN`: whole sessions, sweeps, a browser."""

KILLS = {
    "tests/unit/recovery/test_killed.py": ("test_a_kill_anywhere_loses_nothing",),
    "tests/unit/agent/backup/test_save.py": (
        "test_a_kill_at_any_instant_leaves_live_files_alone_and_can_be_repeated",
    ),
    "tests/unit/agent/backup/strategies/kept/test_killed.py": (
        "test_a_kill_at_any_instant_leaves_a_way_back",
        "test_a_kill_while_directories_are_made_or_taken_away",
    ),
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
            "copy-with-an-access-list",
            "dump-cut",
            "shell-in-the-root",
            "worker-left-behind",
        )
    ),
    "tests/plugin/test_readiness.py": (
        "test_a_system_that_is_right_is_ready",
        "test_a_defect_turns_its_criterion_red[readiness.backups.intact]",
        "test_a_defect_turns_its_criterion_red[readiness.units.startable]",
        "test_a_typo_in_the_manifest_ends_before_anything_is_asked",
        "test_every_criterion_has_a_defect",
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
    "tests/plugin/test_interrupts.py": (
        "test_the_same_command_goes_on[isolate-SIGINT]",
        "test_the_same_command_goes_on[configuration-SIGKILL]",
    ),
    "tests/plugin/test_sabotages.py": (
        "test_a_sabotaged_drill_is_not_recovered[drill.files.restored]",
        "test_a_sabotaged_drill_is_not_recovered[drill.maintenance.lifted]",
        "test_what_cannot_be_finished_is_not_begun[a misspelt unit]",
        "test_every_criterion_of_the_drill_was_seen_red",
    ),
    "tests/plugin/test_secrets.py": ("test_a_whole_incident_tells_nobody_a_secret",),
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
    "tests/faults/test_kills.py": ("test_a_kill_before_any_call",),
    "tests/faults/test_operators.py": ("test_one_of_four_acts",),
}
"""What `make test` runs of those folders, by file: single tests, or all cases of a function."""

LONG_SESSIONS = {
    "tests/guests/test_settings.py": ("test_no_setting_changes_a_verdict",),
    "tests/shapes/test_machine.py": (
        "test_a_system_leads_to_ready_without_a_line_by_hand",
        "test_a_system_behind_a_link_is_rolled_back_undone_and_rolled_back_again",
    ),
    "tests/plugin/test_roots.py": (
        "test_three_places_are_rolled_back_undone_and_rolled_back_again[state]",
    ),
    "tests/plugin/test_strategies.py": (
        "test_a_second_rollback_has_nothing_to_do[backups]",
        "test_a_second_rollback_has_nothing_to_do[links]",
        "test_a_second_rollback_has_nothing_to_do[state]",
        "test_a_second_rollback_has_nothing_to_do[commands]",
        "test_a_bad_release_is_rolled_back_undone_and_rolled_back_again[backups]",
        "test_a_bad_release_is_rolled_back_undone_and_rolled_back_again[state]",
        "test_a_defect_is_red_and_nothing_is_begun[commands-gone]",
        "test_a_defect_is_red_and_nothing_is_begun[backups-altered]",
        "test_a_defect_is_red_and_nothing_is_begun[backups-gone]",
        "test_a_defect_is_red_and_nothing_is_begun[commands-cannot be run]",
        "test_a_defect_is_red_and_nothing_is_begun[commands-look shows no difference]",
        "test_a_defect_is_red_and_nothing_is_begun[commands-look shows the time]",
        "test_a_defect_is_red_and_nothing_is_begun[commands-takes too long]",
        "test_a_defect_is_red_and_nothing_is_begun[links-a file of it is gone]",
        "test_a_defect_is_red_and_nothing_is_begun[links-altered]",
        "test_a_defect_is_red_and_nothing_is_begun[links-of another release]",
        "test_a_defect_is_red_and_nothing_is_begun[links-would be pruned]",
        "test_a_defect_is_red_and_nothing_is_begun[state-altered]",
        "test_a_defect_is_red_and_nothing_is_begun[state-gone]",
        "test_a_failed_release_that_stays_live_is_not_recovered",
    ),
    "tests/plugin/debian/test_drill.py": (
        "test_a_failing_package_stops_the_drill_which_goes_on_later",
        "test_nothing_is_begun_without_the_archive",
    ),
    "tests/plugin/test_ticks.py": (
        "test_what_others_print_is_whole[-s]",
        "test_what_others_print_is_whole[-v]",
        "test_ctrl_c_leaves_the_terminal_clean[2]",
    ),
    "tests/plugin/test_parts.py": (
        "test_the_core_alone_passes_its_tests",
        "test_a_plain_system_is_rolled_back_without[formats]",
        "test_a_plain_system_is_rolled_back_without[runbook]",
        "test_a_plain_system_is_rolled_back_without[triage]",
    ),
    "tests/plugin/test_monitor.py": tuple(
        f"test_a_defect_turns_its_criterion_red[monitor.{what}]"
        for what in ("health.steady", "logs.clean", "requests.steady", "restarts.none")
    ),
    "tests/plugin/test_troubleshooting.py": tuple(
        f"test_an_issue_without_its_remedy_is_not_recovered[troubleshooting.{issue}]"
        for issue in ("configuration.corrupt", "imports.stale")
    ),
    "tests/plugin/test_under_way.py": (
        *(f"test_a_run_that_is_under_way[words1-{suite}]" for suite in ("triage", "monitor")),
        *(f"test_a_run_that_lies_half_done[{suite}]" for suite in ("triage", "monitor")),
    ),
    "tests/plugin/test_interrupts.py": (
        "test_the_same_command_goes_on[services-SIGHUP]",
        "test_the_same_command_goes_on[files-SIGTERM]",
        "test_who_stops_the_look_changes_nothing[INT INT-0.6]",
        "test_who_insists_gets_the_prompt_and_the_state[files-SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[configuration-SIGINT SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[validate-SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[isolate-SIGTERM SIGINT]",
        "test_who_stops_the_script_stops_the_drill[TERM TERM]",
    ),
    "tests/plugin/test_sabotages.py": tuple(
        f"test_a_sabotaged_drill_is_not_recovered[{identity}]"
        for identity in (
            "drill.units.stopped",
            "drill.units.installed",
            "drill.start.guarded",
            "drill.start.released",
            "drill.services.started",
            "drill.maintenance.shown",
            "drill.caches.cleared",
            "drill.backups.separate",
            "drill.configuration.defaults",
            "drill.state.saved",
            "drill.files.added_gone",
            "drill.health.answers",
        )
    ),
    "tests/plugin/test_scenarios.py": tuple(
        f"test_the_drill_recovers_from[{scenario}]"
        for scenario in (
            *("wrong-env", "wrong-password", "broken-json", "crash-loop", "noisy-log"),
            *("broken-unit", "degraded", "slow-gateway", "stale-bytecode"),
        )
    ),
}
"""Whole sessions that `make test-all` leaves to `make sessions`: siblings of such as it runs, other
signals, phases and scenarios, those of which a machine plays the same; and all tests of the core
once more, in a copy without parts. Settings of guests are for `make guests`, systems on a machine
that nobody has described for `make machine-test`."""

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
