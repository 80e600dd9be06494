"""The database of a release: its dump is read, restored beside the live one, and swapped by name.

Order of calls: `dump` and `check` look; `restore` clones (`clone`), loads (`load`), swaps (`swap`).
"""
