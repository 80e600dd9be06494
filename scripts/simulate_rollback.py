#!/usr/bin/env python3
"""Shows what a rollback of the target would do, with estimated minutes; changes nothing."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("plan", __file__)
