"""The host: commands with a deadline, processes, mounted disks, tools and permissions.

`command` runs an argv, never a shell, in a process group of its own, and ends the whole group at
the deadline; its output is bounded. `processes` reads /proc, where a process is its number and its
start time, so that a number that was given out again is not taken for it; `command_lines` says what
one runs, `open_files` who has a file open,
`sockets` who listens, `unix_sockets` on which local name. `disk` adds up room and inodes
per file system, `cpu` says whether something waits for one, `tools` finds programs and says which
paths could not be replaced, and why; `access` what an account may read. `temporary` makes
directories that go with the request. `package_owners` asks dpkg which package has brought a file.

Reads only, but for those, and the command that it is told to run. Nothing here knows a backup set
or a run.
"""
