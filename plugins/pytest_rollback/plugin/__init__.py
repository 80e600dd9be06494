"""The only package that imports pytest: it turns tests under suites/ into criteria of one run.

Promise: a session without criteria pays next to nothing. A skip, an empty parameter set and a test
without an id are errors; SIGTERM and SIGHUP end like Ctrl-C, with report and verdict.

Order of calls: pytest loads `hooks`, where the parts of `extras/` join; `options` declares what can
be given. A session with criteria gets its run from `session`, kept in `stash`, and `criteria_hooks`
of its own; `collecting` finds what ships, in any folder; `collection` keeps what was collected
before anything was deselected. At the first test of a suite `lifecycle` begins it, with probers;
`fixtures` are the actions of a rollback, each asking for the one before; `output` masks what is
printed, and ticks below it. `outcomes` turns what a test raised into an outcome. At the end
`terminal` and `html_report` write, the latter by `pytest_html_adapter`; and `results` has the parts
write.
"""
