"""The commands that operators call: `rollback`, and those that the procedure names.

Promise: whatever goes wrong is one sentence, a hint that can be pasted and a documented exit code.
Nothing is changed before the target's name was typed or given with --arm.

`rollback` looks, shows the plan, asks for the name and runs the suites, or undoes a run;
`procedure` has the commands that the procedure names (ask components, bring imports in order, run
suites). `common` is what all of them share: the parser, exit codes, and which run is meant. The
files in scripts/ only call these.
"""
