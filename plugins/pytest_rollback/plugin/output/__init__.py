"""What a session of criteria shows while it is at work.

Promise: no secret is printed, whoever prints it, and something moves at least every two seconds.

`redacted_stream` takes the secrets out of what pytest prints; `ticking` tells the line that ticks,
which is shown below it, what the session is doing.
"""
