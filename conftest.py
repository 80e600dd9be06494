"""Where pytest starts: it names the fixtures; everything else is the plugin's."""

pytest_plugins = ["fixtures.host", "fixtures.probes", "rollback.restore"]
