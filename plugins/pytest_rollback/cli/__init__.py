"""The command line: `rollback now`, `rollback checklist` and all other commands.

`main` knows every command by its name and imports its module when it is called. A command is a
function of its arguments and of the name that help and hints give it, and returns an exit code;
what it raises, `run/command_line` prints with its hint. The files in `scripts/` call `main` and do
no more. The parts of `extras/` add commands of theirs.

    main -> suites, incident (status_watch), reports, verify, backups, procedure, explain, documents

`init` describes a system that nobody has described yet; `suites` runs pytest on the suites that
ship; `incident` rolls back, shows runs and undoes them, by way of `rollback`, which has the target
and the person in front of it; `status_watch` shows a run that another process carries out.
`procedure` has the commands that a written procedure names, `imports` one of them. Nothing imports
this package.
"""
