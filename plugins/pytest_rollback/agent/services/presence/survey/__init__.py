"""A host that nobody has described yet: each unit, what it runs and reads, and what is before it.

Promise: nothing is written, no unit is asked to do anything, and no value of a variable leaves the
host: of an address of a database its password is taken out here.

Order of calls: `look` is asked. It has the units of `systemd_units` and of `programs`, which are
those of supervisord; `facts` adds what the processes of each show, `likely` their ports where
we may not look at their sockets, and `variables` which files and databases its environment names.
`packaged` says which packages of Debian have brought a unit, and `composed` adds the services of
compose projects, `contained` the containers that units of systemd run, and `accounts` what runs
under the own systemd of an account. `checkouts` finds the working trees that they live in, with
their releases, `switched` the links by which units go to the release that is live, `kept` the unit
files in these trees, `owned` the directories in them that a package manager writes, and `proxies`
the sites that pass requests on.
"""
