"""Numbers, times and next commands, written the same way in terminal, report and messages.

`quantities` writes times, shares and counts. `next_steps` makes the commands that come next, so
that they can be pasted: the same target and incident, and pytest and scripts as they are found
from where one is.

Imports nothing of ours but what lies beside it, and no host is asked.
"""
