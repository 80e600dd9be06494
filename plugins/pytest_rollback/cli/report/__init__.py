"""The commands about run folders: `rollback report open`, `list`, `verify` and `rebuild`.

`runs` opens the report of a run and lists all of them; `verify` compares a folder with its seals,
and completes that of a run that was killed. `postmortem` is a command of the part `incident`.
"""
