"""The pages of `docs/` that are made of the code.

`criteria` has the table of all criteria, `options` that of all options and settings; `pages` writes
them between the marks of their pages, and tells which are stale. `scripts/dev/documents` is the
command.
"""
