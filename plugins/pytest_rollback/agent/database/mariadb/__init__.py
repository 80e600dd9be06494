"""MariaDB, by its own client: a dump is restored beside the live database, and its tables swapped.

Promise: nothing is restored into the live database. Its tables keep their names until those of the
dump are loaded and looked at, and then all of them change names in one statement, which happens
whole or not at all; those of before stay, in a database of their own. Never as root of the host.

Order of calls: `dump` looks at the file, and reads it by `statements`, which says where each one
ends, and `allowed`, which says what one may be; `check` says whether the live tables are those of
the dump, by `catalog`, and what a restore would lose, by `facts`. `restore` conducts: `load` fills
an empty database, `swap` exchanges the tables and takes that back in an undo. `client` reaches the
server; `ping` asks whether it is up, and `applied` which migrations the database has applied.
`rehearse` does it in a server of its own, of the commands of `own_server`, and compares; by
`alike_rows` it asks for rows of the dump in the live tables.
"""
