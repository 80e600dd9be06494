"""What all commands share, and sessions of pytest with them: their arguments, and how they end.

Promise: what was typed wrong ends in one message with a hint and exit code 4, and no command shows
a secret or a traceback. It imports no more than `--help` needs.

Order of calls: `shared` carries a command out, and prints what it raises; the command reads what
was typed by a parser of `arguments`. `drawing` shows what goes on elsewhere, in its place.
"""
