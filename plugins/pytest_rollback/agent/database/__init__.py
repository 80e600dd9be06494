"""The database of a release: its dump is read, restored beside the live one, and swapped in.

`postgresql` reads dumps, restores and swaps. `rehearsal` tries a restore beforehand, in a server of
its own; `migrations` says whether the live database is ahead of the previous release, and
`previous` starts that release on a copy of the live schema. `messages`
has the requests and answers, `routes` says which function answers which: the package can be taken
away, and then nobody asks.
"""
