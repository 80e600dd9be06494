"""Units of a service manager: state, stop, start, reload, and unit files.

Promise: a unit that nobody knows is an error and not a stopped one; a stop ends when no process of
the unit is left, by SIGKILL at the deadline if need be; every stop and start is journaled.

Order of calls: `lifecycle` is asked for changes; it takes the run's lock and journal and calls
`units`, which waits in bounded time and asks the manager that the system has; `health` starts
units, waits until they are healthy, and watches them. `manager` is what each has to answer,
`registry` names those there are: `systemd` through systemctl, whose words about a unit's parts
`systemd_parts` reads, `supervisord` through `supervisor_rpc`, whose answers `supervisor_info`
reads, and `compose` through the container engine. `presence` says which processes are of a unit,
when they began beside its files, who holds its ports, and who else is of the system.
`unit_file_states` compares the release's unit files, drop-ins too, with what is installed;
`unit_files` installs those that differ, keeps those before as evidence, and has the manager read
them; `unit_file_undo` brings those before back.
"""
