"""A restore is rehearsed: the dump goes into a throw-away server, and is held against live data.

Promise: the live database is only read, with a pause after each table, in transactions that may not
write and wait for no lock; nothing is left of the throw-away server, whatever ends us.

Order of calls: `rehearse` conducts. `programs` finds the programs of a server of the live one's
major version, and `commands` how they are started; `keeper` starts one by way of a `guard`, a
process that is the server's account, and ends with us, for each engine; `scratch` gives it the live
server's roles and an empty database like the live one. `source` restores the dump into it, and no
other one. `facts` reads what both databases hold and `objects` what they are made of;
`alike` says, for each engine, whether the rows of a dump are those of the live database, and
`alike_rows` asks for them; `origin` tells of which database a dump is and how old, and shows that
with the last rehearsal to readiness and to the restore.
"""
