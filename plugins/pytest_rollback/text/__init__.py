"""Numbers, times and next commands, written the same way everywhere; and files that are named.

`quantities` writes times, shares and counts. `places` knows where our own files are, in a checkout
and in an installed package. `next_steps` makes the commands that come next, so that they can be
pasted: the same target and incident; `doors` names scripts by what can be called from where one is.
`named_files` reads what somebody names, with an end to it; `pytest_settings` asks pytest what its
configuration files say of us, and `entry_points` finds what other packages bring.

Imports nothing of ours but what lies beside it, and no host is asked.
"""
