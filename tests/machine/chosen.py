"""What `make test` has time for of the tests on a machine; `make machine-test` runs all of them."""

from __future__ import annotations

CHOSEN = {
    "test_drill.py": (
        "test_a_healthy_machine_is_ready",
        "test_a_broken_release_is_rolled_back[crash-loop]",
        "test_a_unit_at_its_start_limit_is_started",
        "test_readiness_through_the_engine",
    ),
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
"""Whole drills over ssh, the count of round trips, an operator too many, a line that drops, a
reboot, and a sabotage of each phase."""
