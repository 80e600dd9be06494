"""The result of a run in other formats: JSON, Prometheus, Nagios and GitHub Actions.

Promise: every number comes from the record of the run, without secrets. A file is put in its place
whole or not at all. A run that could not look at the system is never OK to Nagios.

Order of calls: `option` reads `--rollback-format`; `files` writes what was asked for, as JSON or as
`prometheus` has it; `nagios` makes one line of a record, `github` annotations. `hooks` joins them
to a session, which gives it the record when everything else is over.
"""
