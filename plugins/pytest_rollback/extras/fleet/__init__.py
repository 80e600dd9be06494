"""A fleet: one system on many hosts, rolled back by a canary and in batches; one verdict.

Promise: each host is rolled back by the single tool, as a person would do it, in a process of its
own. Nothing is changed before every host was asked; which release a host has is asked of the host,
never remembered, so that any controller goes on where another one ended.

`command` is `rollback fleet`. `members` finds the hosts, `survey` asks all of them. `judge` says
which batch comes next: no I/O. `coordinator` carries batches out by the processes of `child`,
around which `balancing` takes hosts out and back; `errands` are what is done to each host. `once`
has what is one for all of them. `record` is the run with its verdict, `views` show it, `run_files`
writes it: the page as well; `grid` follows it. `fleet_run` is one command, from the first question
to the verdict. `hooks` adds the commands.
"""
