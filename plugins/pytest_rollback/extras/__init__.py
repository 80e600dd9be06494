"""Optional parts: each folder can be deleted, and everything else still works.

Promise: nothing outside this folder imports a part. A part joins by its file hooks.py, where it
needs more than fixtures and criteria: `run/hookspecs` lists what there is. It is loaded by every
session and therefore imports next to nothing. No part imports another one.

`sandbox` is something to practise on. `triage` recommends what to do, `runbook` reads the page that
people follow, `incident` is about people: notification, escalation, checklist, postmortem.
`formats` writes results for other machines. `database` restores a dump; its half on the host is
`agent/database`. The fixtures and criteria of a part are named in `run/shipped`.
"""
