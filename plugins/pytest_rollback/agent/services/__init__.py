"""Units of a service manager: states, stop, start, reload, and the files that describe them.

`units` asks whichever manager the system has: `systemd` or `supervisord`.
"""
