"""The machine itself: commands with a deadline, processes, disks, tools, users.

Everything above it runs commands through `command`; nothing here knows a backup or a run.
"""
