"""The other steps of a rollback, apart from recorded files, and the undo of a whole run.

Promise: nothing is deleted. What a step takes away lies in the run's evidence, and each step can
be repeated, gone on with after a kill, and undone.

In the procedure's order: `entry` tries the tree before anything is stopped (`packages_to_come`
unpacks what comes with packages), `snapshot` keeps the state before, `start_guard` stops units from
starting, `maintenance` puts the page on. After the files: `added_files` and `empty_directories`,
`default_configuration` on request (`default_undo` takes it back), `bytecode`. Last `archive` moves
backups into the evidence and `export` hands it out. `undo` asks each of them what stands in its way
before it changes anything, which `undo_findings` collects; `moved_back` is the way out of the
evidence.
"""
