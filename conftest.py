"""Where pytest starts: it names the fixtures; everything else is the plugin's."""

pytest_plugins = [
    "fixtures.host",
    "fixtures.survey",
    "fixtures.tree",
    "fixtures.dump",
    "fixtures.probes",
    "fixtures.latency",
    "fixtures.settled",
    "fixtures.logs",
    "fixtures.restored",
    "fixtures.notify",
    "fixtures.runbook",
    "fixtures.triage",
    "fixtures.monitor",
    "fixtures.troubles",
    "pytest_rollback.plugin.fixtures",
]
