"""Where the previous release is kept: copies beside files, in the state directory, or directories.

`copies` says where the backups of a set are, and opens them. `contents` has those that are kept in
the state directory: each content once, linked into the folder of every set that has it. `sets` are
the sets that are kept there, one for each deploy, and what a return over several of them changes.
`linked` has releases that lie in directories of their own, with a listing of each, and `packaged`
knows what comes back with packages. `stale_bytecode` tells what Python would run in the place of a
source, and `databases` which files of a set are databases, that a rollback would take back.
`completed` is what strategies remember, where a set of the same releases is saved once more.
"""
