"""Who is there: the processes of units, who holds their ports, and who else is of the system.

Promise: nothing is taken from a name alone. What a process is of is told by the kernel (program,
script, module, libraries, directory, open files, environment) and by the manager that started it.

Order of calls: `running` is asked about all units at once. `ports` says who holds the ports that
units should listen on, and those that their probes ask; `survivors` which processes of a unit its
manager's stop would leave; `strangers` who is of the system and of none of its units, by what
`traces` finds of the root in a process, `elsewhere` which units have nothing of it, and `releases`
which run another release than a link names.
`survey` is asked before anybody has described a system.
"""
