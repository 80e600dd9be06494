"""The restore engine: at every instant each path has its complete old or complete new content.

Promise: under kill -9, power loss and a full disk both versions of a file exist on the host, and
the same call again ends in the same place.

Order of calls: `apply` conducts. `diff` finds what is not as recorded, `plan` holds it, packed,
with what is live now, and is journaled; `git_source` reads what no backup can give and
`git_fetch` keeps it. `batch` takes
the files of a plan in their `context`: it chooses how their names change hands. That is the
interface `CommitWay` in `commit`, with two implementations, `StagedCopies` beside it (the way) and
`ExchangedNames` in `name_exchange`, for a host without room; `stage` has the steps for one file,
and `new_files` names what was not there without replacing anything. Directories are made and
dressed by `folders`, and change names with files by `displaced`. At the end all is verified.
`context` tells from the tree what a journal has lost, and no name of ours goes before `displaced`
knows what has it. `revert` reads the plans again, the last one first, and takes them back;
`failed_versions` says beforehand what cannot come back.
"""
