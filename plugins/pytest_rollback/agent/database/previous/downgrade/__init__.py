"""A database is migrated back by named commands of its live release, which were rehearsed before.

Promise: nothing is run that rollback.toml does not name, and nothing before the same commands were
run on a copy. What counts is the head: a command that ends well and leaves it where it was has
failed.

Order of calls: `heads` tells where a database is, and whether that is what the previous release
needs. `commands` runs one command as a component's account; `rehearse` runs all of them on a copy
in a throw-away server, where `losses` counts what is gone, and leaves the stamp that
`downgrade_stamp` keeps, with what it was about. `downgrade` looks, and migrates the live database;
`upgrade` takes that back in an undo. `messages` has requests and answers.
"""
