"""Is the live database ahead of the previous release? Told by the migrations that it has applied.

Promise: nothing is written, no migration is run, and no code of the system's is loaded: a migration
is known by the name of its file, or by the id that stands in it.

`tools` are the migration tools that are known: the table in which each keeps what was applied, and
what its files are called. `look` asks the live database, and holds that against the files which the
previous release had: by the backup set, what the deploy added; behind a link, the recorded listing.
"""
