"""The log of a unit since its start: errors by priority and by text, without known noise.

Promise: a log that says nothing, ends before the time that was asked for or has no times is told
as such; silence is not taken for health.

Order of calls: `inspection` is asked for each unit. It reads the journal through `journald`, or
the end of a file through `log_file`, back to the unit's start: by the times that `timestamps`
reads at the head of lines, or from where `offsets` noted the end of the log before the start.
`findings` decides which lines are errors that count.
"""
