"""What a process is doing now: said where it is done, and shown in a line that ticks.

Promise: nothing is silent for more than two seconds. No tick is part of a report, a log or captured
output, none is in the way of what else is printed, and none ends a command: where no thread can be
started there is no tick, and nothing else is missing.

Order of calls: whoever waits says so in `activity`, with `doing("asks the host")`. `line` makes a
line of it. `ticker` is a thread that wakes twice a second and has `screen` show the line: on a
terminal in place, below everything else; in a pipe as lines of their own. What is printed goes
through `stream`, which takes the line away first. A child that ticks itself says so by `handover`.
`unprinted` is for a standard output that takes nothing.
"""
