"""File operations: read, walk, copy, sync and rename, with bytes and names as on disk.

Nothing here follows a link below a root, blocks on a fifo, or leaves a half written file under the
name of a whole one.

Order of calls: `handles` opens one name below an open directory, `tree` directories below a root,
`reach` what a manifest or a unit names from `/` on, all without being led away by whoever can write
there; `lookup` lists and matches names under the same terms. `ownership` tells who can write, and
`programs` which files a command runs as code. `read` and `metadata` take what lies there, `links`
reads where a link leads and makes another,
`state` tells what a file and its backup are, and `comparison` whether that is as recorded. `copy`
writes under a temporary name, `fsync` makes it last, then the name is given. `exchange` lets two
names change places, and tries first whether the file system can. `parallel` reads many files at
once.
"""
