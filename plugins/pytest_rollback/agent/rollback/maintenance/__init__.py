"""What users get while the system is down: a page in a file, or what commands switch.

Promise: a page of somebody else is kept, and what a command has switched is looked at before and
after; an undo leaves it as it was.

`page` puts it on and takes it off, and waits until users get that; `page_file` is the file, its
undo and what the edge is told, `commands` are those that switch it instead.
"""
