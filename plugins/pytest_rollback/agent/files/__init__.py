"""How files are read, told apart, copied, flushed and renamed; bytes and names as they lie on disk.

`tree` walks below a root without following links, `read` and `state` say what lies there, `copy`,
`create` and `exchange` change names, `fsync` makes it last, `parallel` reads many files at once.
"""
