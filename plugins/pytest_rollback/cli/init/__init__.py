"""The first rollback.toml of a system, of what its host shows.

Promise: nothing is written on the host, which is asked with GET alone; a file that exists is not
overwritten; what is written was loaded first; no value of a variable is in it.

    command -> host, candidates, components, health, edge, description, compare, next_steps

`command` reads the options and writes the file. `host` reaches the host and asks it; `candidates`
puts its units together to systems, of which one is chosen. Of that one `components` gives the parts
in start order, `health` the address that says how each is, and `edge` what users ask.
`description` makes the tables of it, `releases` the one that says how the previous release is kept,
`contained` what names the images of units that run containers, `places` where the system lies
beside its root, and `lines` their text, with where each line was seen.
`compare` says what differs from a file that was written before, and `next_steps` what comes next.
"""
