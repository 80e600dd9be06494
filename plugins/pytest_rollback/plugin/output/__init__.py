"""What a session of criteria shows while it is at work.

Promise: no secret is printed, whoever prints it, and something moves at least every two seconds.

`redacted_stream` takes the secrets out of what pytest prints. `ticking` begins the line that ticks
below it, and `session_progress` tells that line what the session is doing.
"""
