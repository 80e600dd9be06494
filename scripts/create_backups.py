#!/usr/bin/env python3
"""Save the files that a deploy will change. Call it before the deploy copies its first file."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("save", __file__)
