"""A run over a fleet as people see it: on a terminal, and as a page.

Promise: what is bad stands first; nothing is told by colour alone, and no line of a terminal is
longer than 79 characters.

`table` shows a plan, what hosts say, and how they ended; `page` is the page of a run.
"""
