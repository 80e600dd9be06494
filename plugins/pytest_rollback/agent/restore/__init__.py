"""The restore engine: every path holds its whole old or its whole new content at every instant.

Order of calls: `diff` finds what differs, `plan` is journaled, `stage` copies, `commit` renames,
`apply` conducts them; `revert` takes a half-done commit back.
"""
