"""Which tests of quick folders `make test` leaves to `make test-all`; see tests/chosen.py."""

from __future__ import annotations

SLOW_TESTS = {
    "tests/unit/agent/database/test_restore.py": (
        "test_an_agent_killed_at_any_step_leaves_a_whole_database",
        "test_a_tool_killed_at_any_time_leaves_the_live_database",
        *(
            f"{name}[{form}]"
            for name in (
                "test_the_dump_is_live_and_the_failed_database_is_kept",
                "test_undo_brings_the_failed_database_back",
            )
            for form in ("tar", "directory", "plain, gzip")
        ),
    ),
    "tests/unit/extras/fleet/test_inventory.py": (
        "test_a_pattern_is_one_of_ansible",
        "test_a_canary_that_is_no_member_is_refused",
        "test_what_cannot_be_rolled_is_refused",
        "test_with_ansible_as_the_carrier_nothing_of_it_is_refused",
    ),
    "tests/unit/agent/restore/test_same_bytes.py": ("test_a_kill_loses_nothing_of_it",),
    "tests/unit/agent/backup/test_save.py": (
        "test_a_kill_at_any_instant_leaves_live_files_alone_and_can_be_repeated",
    ),
    "tests/unit/agent/backup/strategies/kept/test_killed.py": (
        "test_a_kill_at_any_instant_leaves_a_way_back",
        "test_a_kill_while_directories_are_made_or_taken_away",
    ),
    "tests/unit/agent/database/downgrade/test_rehearsed.py": (
        "test_a_way_back_that_is_none_is_red[fails]",
        "test_a_way_back_that_is_none_is_red[only_the_version]",
        "test_rows_that_are_lost_are_counted",
        "test_a_way_back_is_timed_and_its_loss_counted[older]",
        *(
            f"test_files_that_commands_read_and_that_were_altered_since_count_as_others[{how}]"
            for how in ("alters_what_runs_them", "takes_one_away", "alters_a_named_file")
        ),
        "test_files_that_nobody_names_are_told_not_to_be_known",
    ),
    "tests/unit/agent/database/downgrade/test_downgrade.py": (
        "test_what_was_rehearsed_is_done_and_undone[older]",
    ),
    "tests/unit/agent/database/downgrade/test_killed.py": (
        "test_nothing_is_left_of_one_that_was_killed",
        "test_nothing_is_left_of_one_that_was_killed_within_a_command",
    ),
    "tests/unit/agent/database/previous/test_alone.py": (
        "test_nothing_that_it_does_reaches_the_host",
        "test_nothing_is_left_of_one_that_was_killed",
    ),
    "tests/unit/agent/database/previous/test_previous.py": (
        "test_a_release_that_asks_its_database_nothing_proves_nothing",
        "test_statements_that_fail_unseen_are_told",
        "test_the_copy_is_made_by_tools_of_the_live_version",
    ),
    "tests/unit/agent/database/rehearsal/test_killed.py": (
        "test_nothing_is_left_of_one_that_was_killed",
        "test_a_guard_that_was_killed_takes_its_server_along",
    ),
    "tests/unit/agent/database/rehearsal/test_hostile.py": (
        "test_many_tables_and_large_objects_are_no_defect",
        "test_a_table_space_is_no_defect",
        "test_a_large_table_without_statistics_is_told",
        "test_a_dump_that_changes_meanwhile_is_not_stamped",
        "test_no_code_of_a_dump_runs_as_a_superuser",
        "test_a_stamp_is_of_one_database",
    ),
    "tests/unit/agent/database/rehearsal/test_objects.py": (
        "test_an_alteration_is_seen",
        "test_a_dump_alters_nothing",
    ),
    "tests/unit/agent/database/rehearsal/test_rehearse.py": (
        "test_a_bad_dump_is_told",
        "test_after_a_deploy_another_schema_is_no_problem_and_not_proven",
        "test_a_lock_on_a_table_is_not_waited_for",
        "test_tables_that_do_not_count_are_left_out",
        "test_what_cannot_be_tried_leaves_the_stamp_as_it_was",
        "test_what_came_since_is_told_and_no_problem",
        "test_a_stamp_that_others_can_write_counts_for_nothing",
        *(f"test_a_good_dump_is_proven[{kind}-newest]" for kind in ("directory", "tar")),
        "test_a_good_dump_is_proven[plain, gzip-newest]",
        "test_a_good_dump_is_proven[custom-older]",
        "test_a_dump_by_a_newer_pg_dump_is_told",
        "test_the_tools_of_the_live_version_are_chosen[older]",
    ),
    "tests/unit/agent/backup/test_links_killed.py": (
        "test_a_kill_at_any_instant_leaves_a_whole_record",
    ),
    "tests/unit/agent/restore/test_apply.py": (
        "test_a_kill_before_any_call_loses_nothing",
        "test_a_kill_among_many_files_loses_nothing",
    ),
    "tests/unit/test_own_tests.py": (
        "test_every_file_of_tests_is_run",
        "test_what_is_slow_is_chosen_in_one_place",
        "test_without_an_engine_its_tests_are_told_to_be_not_run",
    ),
    "tests/unit/agent/restore/test_hindered.py": (
        "test_a_plan_of_very_many_files_is_written_in_pieces",
    ),
    "tests/unit/agent/observe/logs/test_inspection.py": (
        "test_only_the_end_of_a_long_log_is_read[.gz]",
    ),
    "tests/unit/agent/files/test_holes.py": ("test_holes_stay_holes",),
    "tests/unit/agent/system/masking/test_shapes.py": ("test_ten_megabytes_of_log_take_seconds",),
    "tests/unit/agent/system/test_linear.py": ("test_a_square_is_seen",),
    "tests/unit/recovery/actions/test_units.py": (
        "test_units_go_down_in_reverse_and_up_in_order",
        "test_only_the_chosen_components_are_touched",
    ),
    "tests/unit/agent/services/test_groups.py": ("test_a_group_starts_runs_and_stops_as_one",),
    "tests/unit/agent/services/test_supervisord.py": (
        "test_a_program_that_comes_up_when_it_is_tried_again_has_started",
        "test_a_program_that_dies_before_its_start_is_answered_is_told_as_well",
        "test_a_program_in_a_crash_loop_stays_down",
    ),
    "tests/architecture/test_contributing.py": (
        "test_the_recipe_keeps_to_the_rules",
        "test_the_option_is_read_refused_and_shown",
        "test_the_channel_sends",
        "test_the_manager_is_accepted_and_documented",
        "test_the_option_without_its_value_is_refused",
        "test_without_its_defect_the_criterion_is_not_enough",
    ),
    "tests/contract/test_ansible.py": (
        "test_a_host_that_does_not_answer_is_told_as_that",
        "test_a_host_that_never_speaks_is_given_up",
        "test_settings_of_the_user_change_nothing",
        "test_what_cannot_be_read_is_told_in_its_words",
        "test_what_takes_too_long_is_ended_with_all_that_was_started",
        "test_who_breaks_off_is_not_asked_again",
        "test_who_is_no_host_is_not_asked",
    ),
    "tests/contract/test_drop.py": ("test_a_line_that_drops_in_the_middle_is_gone_on_from",),
    "tests/unit/plugin/test_html_report.py": ("test_workers_write_nothing",),
}
"""Whole functions, or single cases: each step of something is killed in turn, units that wait for
their own time limits, throw-away databases beyond one of each kind, and measurements."""
