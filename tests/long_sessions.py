"""Which whole sessions `make test-all` leaves to `make sessions`; see tests/chosen.py."""

from __future__ import annotations

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
        "test_a_bad_release_is_rolled_back_undone_and_rolled_back_again[commands]",
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
    "tests/plugin/debian/test_mixed.py": (
        "test_package_and_files_come_back_are_undone_and_come_back_again",
    ),
    "tests/plugin/test_mixed.py": (
        "test_all_parts_come_back_are_undone_and_come_back_again[links]",
        "test_what_is_killed_between_two_parts_is_gone_on_with[links]",
        "test_what_is_killed_between_two_parts_is_gone_on_with[state]",
        "test_what_is_killed_between_two_parts_is_undone[links]",
        "test_what_is_killed_between_two_parts_is_undone[state]",
        "test_one_component_brings_back_its_own_part",
    ),
    "tests/plugin/test_returned_data.py": (
        "test_what_users_lose_is_typed_before_anything_is_stopped",
    ),
    "tests/plugin/test_migrated_data.py": ("test_a_database_is_migrated_back_and_forward_again",),
    "tests/unit/agent/database/downgrade/test_downgrade.py": (
        "test_a_run_that_was_killed_between_two_commands_is_gone_on_with",
        "test_a_run_that_was_killed_within_a_command_says_how_to_go_on",
        "test_without_up_an_undo_says_so_before_anything",
    ),
    "tests/unit/agent/database/downgrade/test_rehearsed.py": (
        "test_a_release_that_does_not_run_on_what_is_left_is_red",
        *(
            f"test_a_way_back_that_is_none_is_red[{how}]"
            for how in ("goes_too_far", "is_missing", "leads_elsewhere", "takes_too_long")
        ),
        "test_commands_that_were_altered_since_count_as_others",
        "test_without_a_tool_the_previous_release_proves_the_head",
    ),
    "tests/unit/agent/database/engines/test_conformance.py": (
        "test_a_kill_at_any_step_leaves_a_whole_database",
    ),
    "tests/unit/agent/database/previous/test_alone.py": (
        "test_nothing_that_it_does_reaches_the_host[]",
        "test_it_ends_once_nobody_waits_for_it",
        "test_nothing_is_left_of_one_that_was_killed[0]",
        "test_nothing_is_left_of_one_that_was_killed[1]",
        "test_nothing_is_left_of_one_that_was_killed[2]",
        "test_nothing_is_left_of_one_that_was_killed[4]",
        "test_nothing_is_left_of_one_that_was_killed[5]",
    ),
    "tests/unit/agent/database/previous/test_behind_a_link.py": (
        "test_it_runs_where_it_knows_the_schema",
        "test_it_is_the_one_that_was_recorded",
    ),
    "tests/unit/agent/database/rehearsal/test_killed.py": tuple(
        f"test_nothing_is_left_of_one_that_was_killed[{point}]" for point in range(12) if point % 4
    ),
    "tests/unit/agent/database/rehearsal/test_rehearse.py": tuple(
        f"test_a_good_dump_is_proven[{kind}-older]"
        for kind in ("plain", "plain, gzip", "tar", "directory")
    ),
    "tests/unit/agent/database/previous/test_previous.py": (
        "test_a_release_that_runs_on_the_schema_answers",
        "test_a_schema_that_the_release_does_not_know_is_told[a column was renamed]",
        "test_a_schema_that_the_release_does_not_know_is_told[a state was taken from an enum]",
        "test_a_schema_that_the_release_does_not_know_is_told[NOT NULL was added with data]",
        "test_some_rows_are_copied_with_their_numbers",
        "test_a_setting_of_today_makes_another_schema",
        "test_what_it_takes_away_when_it_starts_is_told",
        "test_a_schema_that_the_release_does_not_know_is_told[a column was dropped]",
        "test_an_enum_that_was_extended_does_no_harm_to_a_release_that_only_writes",
        "test_an_enum_that_was_extended_breaks_a_release_that_reads_the_new_value",
    ),
    "tests/plugin/test_wheels.py": (
        "test_a_python_that_is_gone_is_red",
        "test_an_environment_that_lacks_a_package_is_red",
        "test_what_pip_changes_in_the_previous_environment_is_red",
    ),
    "tests/plugin/debian/test_described.py": (
        "test_what_was_written_leads_to_the_recorded_version",
    ),
    "tests/plugin/debian/test_pool.py": ("test_more_records_keep_more",),
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
        "test_a_plain_system_is_rolled_back_without[incident]",
        "test_a_plain_system_is_rolled_back_without[sandbox]",
        "test_a_plain_system_is_rolled_back_without[runbook]",
        "test_a_plain_system_is_rolled_back_without[triage]",
    ),
    "tests/plugin/test_monitor.py": tuple(
        f"test_a_defect_turns_its_criterion_red[monitor.{what}]"
        for what in ("health.steady", "logs.clean", "requests.steady", "restarts.none")
    ),
    "tests/plugin/test_troubleshooting.py": (
        "test_each_issue_is_recovered_from",
        *(
            f"test_an_issue_without_its_remedy_is_not_recovered[troubleshooting.{issue}]"
            for issue in ("configuration.corrupt", "imports.stale")
        ),
    ),
    "tests/plugin/test_under_way.py": (
        *(f"test_a_run_that_is_under_way[words1-{suite}]" for suite in ("triage", "monitor")),
        *(f"test_a_run_that_lies_half_done[{suite}]" for suite in ("triage", "monitor")),
    ),
    "tests/plugin/test_interrupts.py": (
        "test_the_same_command_goes_on[configuration-SIGKILL]",
        "test_the_same_command_goes_on[isolate-SIGINT]",
        "test_who_stops_the_look_changes_nothing[INT-0.0]",
        "test_who_stops_the_look_changes_nothing[HUP-2.4]",
        "test_the_same_command_goes_on[services-SIGHUP]",
        "test_the_same_command_goes_on[services-SIGINT]",
        "test_the_same_command_goes_on[validate-SIGKILL]",
        "test_who_insists_gets_the_prompt_and_the_state[services-SIGINT SIGINT]",
        "test_who_stops_the_script_stops_the_drill[INT]",
        "test_the_same_command_goes_on[files-SIGTERM]",
        "test_who_stops_the_look_changes_nothing[INT INT-0.6]",
        "test_who_insists_gets_the_prompt_and_the_state[files-SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[configuration-SIGINT SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[validate-SIGINT SIGINT]",
        "test_who_insists_gets_the_prompt_and_the_state[isolate-SIGTERM SIGINT]",
        "test_who_stops_the_script_stops_the_drill[TERM TERM]",
    ),
    "tests/plugin/test_sabotages.py": (
        "test_what_cannot_be_finished_is_not_begun[a file that nobody can replace]",
        "test_what_cannot_be_finished_is_not_begun[a directory in the page's place]",
        "test_an_optional_component_that_stays_down_is_only_told",
        "test_nothing_is_done_where_nothing_is_to_be_restored",
        "test_a_refused_entry_leaves_everything_running_and_is_refused_again",
        *(
            f"test_a_sabotaged_drill_is_not_recovered[drill.{identity}]"
            for identity in (
                *("units.stopped", "units.installed", "start.guarded", "start.released"),
                *("services.started", "maintenance.shown", "maintenance.lifted", "caches.cleared"),
                *("backups.separate", "backups.closed", "configuration.defaults", "state.saved"),
                *("files.added_gone", "health.answers", "entry.allowed", "configuration.restored"),
                "database.restored",
            )
        ),
    ),
    "tests/plugin/test_readiness.py": tuple(
        f"test_a_defect_turns_its_criterion_red[readiness.{what}]"
        for what in (
            *("backups.complete", "backups.nonempty", "backups.ownership", "backups.private"),
            *("backups.regular", "backups.targeted", "tree.compiles", "tree.imports"),
            *("tree.constructs", "units.covered", "units.handled", "units.listening"),
            *("units.owned", "units.resolved", "release.current", "secrets.known"),
            *("tools.present", "people.reachable", "space.suffices", "time.fits"),
        )
    ),
    "tests/plugin/test_validate.py": tuple(
        f"test_a_defect_turns_its_criterion_red[validate.{what}]"
        for what in (
            *("backups.none_left", "configuration.recorded", "files.added_gone", "units.alone"),
            *("constructs.in_time", "files.unchanged", "requests.processed", "health.answers"),
            *("latency.within_limit", "units.began", "imports.load"),
        )
    ),
    "tests/plugin/test_triage.py": (
        "test_isolation_needs_no_backup_set",
        "test_a_triage_before_a_drill_is_not_held_against_it",
    ),
    "tests/plugin/test_drill.py": (
        "test_a_drill_that_could_not_see_all_is_inconclusive_in_its_status",
        "test_a_part_of_a_drill_is_not_recovered",
    ),
    "tests/plugin/test_release_commands.py": (
        "test_a_command_without_effect_is_told_and_the_run_goes_on",
    ),
    "tests/plugin/test_notifications.py": (
        "test_a_pager_in_trouble_neither_fails_nor_delays_the_drill",
    ),
    "tests/plugin/test_guests.py": (
        "test_a_folder_called_suites_is_nobodys[words1]",
        "test_a_folder_called_suites_is_nobodys[words2]",
    ),
    "tests/guests/test_extended.py": ("test_a_reporter_of_somebody_else_joins",),
    "tests/architecture/test_contributing.py": (
        "test_a_channel_without_one_of_its_lines_is_noticed",
        "test_a_manager_without_one_of_its_lines_is_noticed",
        "test_an_option_without_one_of_its_places_is_noticed",
    ),
    "tests/unit/recovery/test_killed.py": ("test_a_kill_anywhere_loses_nothing",),
    "tests/plugin/test_scenarios.py": tuple(
        f"test_the_drill_recovers_from[{scenario}]"
        for scenario in (
            *("wrong-env", "wrong-password", "broken-json", "crash-loop", "noisy-log"),
            *("broken-unit", "degraded", "slow-gateway", "stale-bytecode", "crash-at-import"),
        )
    ),
}
"""Whole sessions that `make test-all` leaves to `make sessions`: siblings of such as it runs, other
signals, phases and scenarios, those of which a machine plays the same; and all tests of the core
once more, in a copy without parts. Settings of guests are for `make guests`, systems on a machine
that nobody has described for `make machine-test`."""
