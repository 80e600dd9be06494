"""The logs of a unit since its start: errors by level and by text, without known noise.

Promise: a log that says nothing, ends before the time that was asked for, begins after it, has
holes or two clocks, or no times, is told as such; silence is not taken for health. The time that
reading takes grows with the bytes, whatever was written to the log.

Order of calls: `inspection` is asked for each unit. It reads the journal through `journald`, or
the end of a file through `log_file` and what was `rotated` away, back to the unit's start: by the
times that `timestamps` reads at the head of lines, or from where `offsets` noted the end of the log
before the start. Times without a zone are read in that of the writer (`zones`). `reading` takes a
line apart: colours, its time, the level that it states (`levels`), objects of JSON (`structured`).
`findings` decides which lines are errors that count, within `timelimit`, and `order` which of them
are of before; `coverage` tells whether the log is whole since the start. What a unit has `written`
beside its described logs is read as well.
"""
