"""Configuration files as their readers read them: JSON, TOML, INI, environment and unit files."""
