"""The commands about run folders: open a report, list all runs, verify a folder, rebuild one.

    runs -> the page of all runs
    verify -> seals, archives and origin; what a killed run could not write

`runs` opens the report of a run and lists all of them; `verify` compares a folder with its seals,
and completes that of a run that was killed. They ask a host only where an option says so, or for
what a killed run could not bring. The postmortem is a command of the part `incident`.
"""
