"""Unit files: what they make of a unit, as systemd, supervisord and compose read them.

Promise: the readers follow the definition of each format; what a file cannot tell is named as a
gap and not guessed, and no value of a variable is in any message.

Order of calls: `manager` is asked which files and process a unit has, `sources` gives the files as
they are or as a rollback leaves them, and `systemd` (by `systemd_syntax` and `specifiers`) or
`supervisord` makes a `definition` of them; `compose` has one of what a container engine tells.
`program` follows its command to the interpreter, `environment` adds up its variables,
`surroundings` puts it all together and says what it refers to that is not there, and `live`
compares it with the running process. `outputs` says where a unit writes its log. `check` says what
is wrong with one file, `verify` what the manager's own program has against it.
"""
