"""Declared secret files: their values in any format, known on the host and nowhere else.

Promise: no value leaves this process, not even as a hash; where the values of a file cannot be
known, that is said and the file stays out of every export.

Order of calls: `declared` opens the files and their copies, `charsets` decodes them, `readers`
makes pairs of name and value of a text, with `formats` and `program` for what fewer systems have
and `lexical` for any text, and `values` finds the secrets among them. The entry point of the agent
has `declared` take them out of each answer.
"""
