"""The command line: what `rollback now`, `rollback checklist` and all other commands do.

`main` knows every command by its name and imports its module when it is called. A command is a
function of its arguments and of the name that help and hints give it, and returns an exit code;
what it raises, `common` prints with its hint. The files in `scripts/` call `main` and do no more.

    main -> rollback, procedure, backups, checklist, report, verify, sandbox, story, schema
         -> runs, common -> the packages below

`procedure` has the commands that a written procedure names, `imports` one of them. `runs` finds the
run that a command is about. Nothing imports this package.
"""
