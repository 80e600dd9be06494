#!/usr/bin/env python3
"""Phase 4: run all probes of the component in this script's name, on the target's host."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("probe", __file__)
