#!/usr/bin/env python3
"""Phase 4: asks every component all its probes, and the edge what users get; end to end."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("probes", __file__)
