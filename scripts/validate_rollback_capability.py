#!/usr/bin/env python3
"""Tells whether the target could be rolled back right now: READY or NOT READY; it only reads."""

from __future__ import annotations

import entry

if __name__ == "__main__":
    entry.run("readiness", __file__)
