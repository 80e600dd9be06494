#!/usr/bin/env python3
"""Show what a rollback of the target would do, with estimated times; change nothing."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("plan", __file__)
