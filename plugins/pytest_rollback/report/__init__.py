"""The pages that are made of a run's record: the report, all runs on one page, the postmortem.

Promise: a report states what the record holds and nothing else; no text in it is trusted, no
script runs in it, and it can be made again from report.json.

`html` renders the page, `run_summary` is the line of a run among all others. `amend` writes it
again when people tick items after the run, and seals the folder once more. `all_runs` keeps the
page of all runs, with trends and drills that are due. `postmortem` drafts the review in Markdown.
`rebuild` makes the report of a run that was killed, from its timeline and from the journals on its
host.
"""
