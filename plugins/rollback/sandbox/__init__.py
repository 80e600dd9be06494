"""Targets that we start ourselves: a small real system on this machine, for drills and tests."""
