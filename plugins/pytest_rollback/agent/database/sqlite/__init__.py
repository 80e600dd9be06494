"""SQLite, by Python's own module: a dump is restored beside the live file, and swapped in.

Promise: nothing is restored into the live file, and root opens no database: a process does that
which is the account of the file, and reads the live one without writing. Killed at any moment, the
live path is the old database or the new one, whole, with what lies beside it.

Order of calls: `library` sends that process, `worker`, which imports nothing of ours. `dump` looks
at the file and has it read in a scratch directory; `live` finds the live file, its owner and who
holds it open, and asks whether it answers; `check` says whether it is that of the dump, and what a
restore would lose. `restore` builds a file beside the live one, `swap` gives it the live name and
takes that back in an undo. `rehearse` compares, as for the other engines, and
`alike_rows` asks for its rows in the live file; `applied` asks for the
migrations.
"""
