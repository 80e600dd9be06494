#!/usr/bin/env python3
"""Check whether the target can be rolled back now: READY or NOT READY; change nothing."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("ready", __file__)
