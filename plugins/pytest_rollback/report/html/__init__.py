"""The sections of the report: for each a module that prepares data, and a template.

Promise: a record in which anything is missing, huge or hostile still gives a page; text is
escaped, shortened and freed of what steers a terminal. The page has no script and loads nothing.

Order of calls: `page` renders. It has each section prepared, in reading order: `verdict`,
`recommendation`, `timeline`, `availability`, `latency`, `criteria`, `checklist`, `raw_log`. They
shorten and count with `presenter`, and every text goes through `sanitize`. `all_runs` is the page
of all runs.
"""
