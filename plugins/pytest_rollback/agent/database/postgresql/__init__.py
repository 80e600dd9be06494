"""PostgreSQL, by its own tools: a dump is restored beside the live database, and swapped in.

Promise: nothing is restored into the live database. It keeps its name until the fresh one is
loaded and looked at, and then stays, closed, under a name of its own. Never as root, never as a
superuser.

Order of calls: `dump` looks at the file and reads it with its own tool, a plain one with
`sql_script`; `check` says whether the live database is that of the dump, by `catalog`, and what a
restore would lose of it, by the dump's `contents`. `restore` conducts: `clone` makes an empty
database like the live one, `load` fills it, `swap` exchanges the two names and takes that back in
an undo. `server` reaches PostgreSQL by `tools` of its version; `dump_header` tells which one a dump
is of, and which made it; `ping` asks whether it is up, and `applied` which migrations
the database has applied.
"""
