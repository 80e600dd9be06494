"""A host that only Ansible reaches: connections, jump hosts and passwords of its inventory.

Promise: Ansible is started once for all that is asked of a host; what it carries arrives as the
bytes that were sent; no password leaves Ansible; nothing is asked twice, whatever it is set to.

Order of calls: `ansible_line` is the line to one host. `play_process` starts ansible-playbook, with
the play and the plugins of `play_files`: the play is one task, which takes commands from a socket
and has Ansible's own connection run them. `ansible_backend` lets testinfra ask through it.
"""
