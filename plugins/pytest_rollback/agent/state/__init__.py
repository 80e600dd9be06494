"""The state directory on the host, writable by root only: backup set, runs, journals, evidence.

Promise: what a run did is known from its journals alone, after a kill or a power cut as well, and
both versions of every file exist until the run is closed.

Order of calls: `directory` is opened and checked, `lock` is taken (`lease` says who holds the run,
and since when; `last_sign` when its holder was heard last), `runs` begins a run or goes on with
one, `reserved_space` keeps room for the journal on a full disk. Each change is written to
`journal`, which is chained by hash, before it is made; `evidence` takes what is replaced, and
`removed_directories` are made again by undo. `progress` tells from the journals what is done and
what comes next, and `unfinished` keeps others from judging a system in the midst of it, or from
beginning another run from another state directory; `own_names` finds what a run left in the tree.
`backup_set` is the record of what was saved, with a digest of every file; `releases` knows where
the backups of a set are, and where releases that need none. `seals` keeps what a
run's folder was sealed with, here and in the host's own log.
"""
