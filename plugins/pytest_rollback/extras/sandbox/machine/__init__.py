"""The sandbox as a whole host: a container that boots systemd, with nginx, PostgreSQL and sshd.

It is reached over ssh with keys made for it alone, as production is; needs podman.

Order of calls: `image` builds once from the folder's Containerfile, on a base that `debian` makes
where none is given; `podman` runs and ends containers; `ssh_access` grants the way in. `sandbox`
starts a machine and takes it down; `inside` brings files in and out, and asks for units, database
and health; `packages` builds and installs releases that are packages of Debian.
"""
