"""A process that is alone: no network, no sockets, no other processes, and files that are its own.

Promise: nothing that is done in there reaches the host, as root or not, and all of it is gone with
the first process in there; where the kernel does not give all of it, nothing is started.

`kernel` has the system calls; `view` puts the file systems of the host below overlays.
"""
