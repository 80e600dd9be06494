"""The command line: `rollback now`, `rollback checklist` and all other commands.

`main` knows every command by its name and imports its module when it is called. A command is a
function of its arguments and of the name that help and hints give it, and returns an exit code;
what it raises, `run/command_line/` prints with its hint. The files in `scripts/` call `main` and do
no more. The parts of `extras/` add commands of theirs.

    main -> standing, suites, incident, report, backup, procedure, explain, documents

`standing` says where things are; `init` describes a system that nobody has described yet. `suites`
runs pytest on the suites that ship; `incident` rolls back and undoes, by way of `rollback`, which
has the person in front of a `target`. `procedure` has the commands that a written procedure names,
`imports` one of them. `report` is about run folders, `backup` saves, `explain` reads criteria,
`documents` has the schema, `completion` is for shells. Nothing imports this package.
"""
