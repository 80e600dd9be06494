"""How the previous release is kept beside backups of single files: by strategies.

A strategy answers for a part of a system: what has to be remembered of it before a deploy, where
the previous version is, whether it is whole and still there, and what would take it away. What a
rollback changes for it are recorded files, so that restore, undo and resume are those of files; but
for `commands`, which has a change of its own.

`links` are releases in directories of their own, behind a link that a deploy switches; `listing`
reads such a directory and compares it with what was recorded; `history` says what was live before
where nothing was recorded. `images` are those of containers; `recorded_images` is what a record has
of them, by id and digest; `running_images` which containers the units run, and which file
names what they run. `commands` asks programs of the host: `shown` is what they say, and
`returned` brings the previous release back, and the failed one; `at_work` waits for a command
that has outlived who began it. `kept` lists the
backup sets in the state directory, and chooses one. `packages` are those of
Debian: what comes back there is no file.
"""
