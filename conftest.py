"""Where pytest starts: it names the fixtures; everything else is the plugin's."""

pytest_plugins = [
    "fixtures.host",
    "fixtures.survey",
    "fixtures.tree",
    "fixtures.dump",
    "fixtures.probes",
    "fixtures.latency",
    "fixtures.units",
    "fixtures.logs",
    "fixtures.live_state",
    "fixtures.notify",
    "fixtures.runbook",
    "fixtures.triage",
    "fixtures.monitor",
    "fixtures.troubleshooting",
    "pytest_rollback.plugin.fixtures",
]
