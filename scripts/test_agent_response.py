#!/usr/bin/env python3
"""Phase 4: asks the component in this file's name all its probes, on the target's own host."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("probe", __file__)
