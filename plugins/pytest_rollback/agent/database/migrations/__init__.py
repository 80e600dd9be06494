"""Is the live database ahead of the previous release? Told by the migrations that it has applied.

Promise: nothing is written, no migration is run, and no code of the system's is loaded: a migration
is known by the name of its file, or by the id that stands in it.

`tools` are the migration tools that are known: the table in which each keeps what was applied, and
what its files are called. `sources` finds the files of the previous release: by the backup set, the
live tree without what the deploy added; behind a link, the recorded listing. `look` asks the live
database, and holds what it has applied against them. `live_files` tells which files of the live
release commands read that take migrations back, and their content.
"""
