#!/usr/bin/env python3
"""Phase 4: run all probes of all components, and the probe of the edge."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("probes", __file__)
