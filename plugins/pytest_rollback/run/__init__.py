"""One run: its target, the outcome of each criterion, the verdict, and the record for reports.

Promise: the verdict and the exit code are functions of the outcomes, the timeline and the options.
A session in which nothing was evaluated is not met, and one that evaluated less than whole suites
has no good verdict. Terminal, report and JSON print one record.

Order of calls: `run` is made from rollback.toml and the command line (`options`, with what was
stated about the incident); outcomes are added as criteria end. `suite_collection` has what was
collected, `shipped` reads from the sources what should have been, `completeness` counts what was
evaluated of it, and `verdict` makes word and exit code. `phases` reads from the timeline
when each phase of the procedure began and how it ended; `record` puts all that is known into the
words of the report, whose fields are those of `run_record`.

The parts of `extras/` join here: `hookspecs` lists their hooks, `extra_types` and `run_view` are
what goes through them, `extras` calls them by `hook_calls`, which names a plugin that fails.
`command_line` is what all commands share.
"""
