"""A compose project as a service manager: its services are the units.

Promise: the engine is asked for what runs; a start makes containers anew from the compose file as
it is, pulls and builds nothing, and leaves volumes and other services alone.

Order of calls: `manager` is the service manager; `states` says what the state of a container means
in the words of all managers, `health` has its health command run where nobody else does.
`contained` says of units of systemd which containers they run, and how these are.
"""
