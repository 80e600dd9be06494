"""The database of a release: the dump is restored beside the live database and swapped in.

Promise: the live database is the old one until the restored one is complete; actions plan nothing
where `[database] return` is "keep", or only some components are rolled back; no migration is run
that rollback.toml does not name.

`requests` makes of `[database]` what the host is asked, `decided` says which way back a rollback
goes, and `action` is the restore action; the half
that runs on the host is `agent/database`. `command` is `rollback rehearse`, `rehearsed` judges what
it left on the host, and `ran` how the previous release ran on the live schema. `migrate` is the
action that takes migrations back, and `migrated` judges how that was rehearsed. `hooks` puts the
actions into the order of a rollback, and adds the command.
"""
