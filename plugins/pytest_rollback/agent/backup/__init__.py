"""The backup set: planned, saved, verified against its record, and compared with git.

Promise: a set is whole or is not there. Copies are durable before the record names them, and a set
is never replaced unless that was asked for. A backup counts only when it equals the record.

Order of calls of a deploy: `request` is read strictly, `save_plan` looks at the tree and says what
forbids it, `save` copies and writes the record last. Later `verify` reads every backup and tells
what is not as recorded, `requirements` what a restore needs of the host, `fallbacks` what there is
where a backup cannot be used, `leftovers` what a rollback has still to do; `owners` says which
component a file belongs to, `selection` which files a request means, `additions` which ones the
deploy added, `described` which names in a description are those of no file. `git` reads what a
repository has, and `release` holds a set against it: what it lacks, and whether its files are those
of both commits; `unchanged` looks at the files that both have alike, which no set holds.
"""
