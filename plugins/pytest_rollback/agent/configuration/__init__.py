"""Syntax checks of configuration files: JSON, TOML, INI, YAML, environment files, unit files.

Promise: a problem names file and line, and never a value, which may be a secret.

`check` is asked, with the files as a rollback would leave them: their backups where there are
some. `formats` finds the kind of each by its name and hands it to its reader; environment files go
to `env_file`, read as systemd does where a unit names them, and unit files to `units`, which also
has the manager's own program verify them where there is one.
"""
