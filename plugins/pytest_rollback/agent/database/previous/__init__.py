"""The previous release on the schema of today: started beside the live system, and asked.

Promise: the live database is only read, and nothing that the release does reaches it, its files, a
mail program or the network; of the release, its server and its directories nothing is left.

Order of calls: `previous` conducts. `schema` copies the live schema into a throw-away server of
`rehearsal`, with some rows by `rows`; `starts` says how each component is started, by its unit's
files, and `files` what is put in place. `box` has two processes that leave the host's namespaces;
in there `inside` starts and asks, and `relay` leads the database's address to the throw-away
server. `effects` tells what the release did to the copy. `previous_stamp` keeps what was found, for
readiness. `messages` has requests and answers. `downgrade` runs commands there that migrate the
copy back, and on the live database what was tried so.
"""
