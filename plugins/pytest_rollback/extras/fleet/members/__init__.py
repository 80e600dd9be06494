"""The hosts of a fleet, and how each of them is reached.

Promise: a host that would be reached otherwise than Ansible reaches it is refused, and not guessed;
none is there twice, by whatever names.

`inventory` has them from Ansible or from a plain list, and chooses some of them; `addresses` tells
whether two names lead to one host. `lines` are the ssh connections to them, one for each, and
`derived` is the rollback.toml of one of them.
"""
