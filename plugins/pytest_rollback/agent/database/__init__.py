"""The database of a release: its dump is read, restored beside the live one, and swapped in.

`messages` has the requests and answers, and what each engine answers: `DatabaseRoutes` is the
interface, and the name of the question is the dispatch. `routes` says which function answers which:
the package can be taken away, and then nobody asks. `postgresql` reads dumps, restores and swaps,
and `rehearsal` tries a restore of it beforehand, in a server of its own; `mariadb` does all of that
with tables, and `sqlite` with files. What they share: `naming` has the names of a run's databases
and who may reach a server, `dump_file` opens a dump that is one file, `events` are those of the
journal, `record` has what the backup set says of a dump, `differences` says what a restored dump
lacks beside the live database, `stamp` keeps how a rehearsal went, and `undo` finds the engine of a
run that is taken back. `migrations` says whether the live database is ahead of the previous
release, and `previous` starts that release on a copy of the live schema, for PostgreSQL; it has the
way back of a database by named commands as well.
"""
