#!/usr/bin/env python3
"""Phase 3: clear stale bytecode beside restored sources, then test every live import."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("imports", __file__)
