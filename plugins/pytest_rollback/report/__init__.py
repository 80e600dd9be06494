"""The pages made from records: the report of a run, and the page of all runs.

Promise: a report states what the record holds and nothing else; no text in it is trusted, no
script runs in it, and it can be made again from report.json.

`html` renders the page, `run_summary` is the line of a run among all others. `all_runs` keeps the
page of all runs, with trends and drills that are due. `rebuild` makes the report of a run that was
killed, from its timeline and from the journals on its host. `amend` adds what people do afterwards.
"""
