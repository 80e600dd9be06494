"""Containers: what podman or docker says of the containers and images of this host.

Promise: the engine is asked by its command line and its answers in JSON; a tag is never taken for
what runs, an id or a digest is. Nothing is pulled, built or downloaded.

Order of calls: `engine` finds the engine and the compose program, `project` which containers are of
a compose project and what services that has; `container` reads what the engine says of each,
`images` what is on the host, what would be pruned, and whether an image starts. `logs` reads what
a container wrote, `inside` looks into its namespaces: processes, and who listens there.
`unit_containers` tells which containers a unit of systemd runs.
"""
