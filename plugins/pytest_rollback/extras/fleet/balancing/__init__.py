"""The balancer before a fleet: who serves, and that a host is out or back, seen and not believed.

Promise: a host is out once the balancer sends nobody there, and back once the balancer itself says
so; a command that only says that it has done it is no proof. Nothing here decides: what comes next
is the judge's, and the coordinator's.

`service` takes hosts of a run out and back. `balancer` is what every balancer can do, and which one
a fleet has. `haproxy` asks HAProxy by its runtime API; `commands` are those of `[fleet]`, for all
others. `guard` is a process that goes on where the coordinator was killed;
`earlier` tells what runs that ended have left out of service.
"""
