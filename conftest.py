"""Where pytest starts: nothing is configured here; the plugin does that."""
