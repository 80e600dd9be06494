"""Releases that are packages of Debian: recorded before the deploy, installed again by a rollback.

Promise: nothing is fetched while a rollback goes on, no other package is changed, and no service is
started or stopped by a maintainer script. The archive of the version that fails is kept as well, so
that an undo installs it.

Order of calls: `record` asks dpkg (`database`) what is installed, keeps the archive of each package
(`archives`, and by `coming` that of the version to be deployed) and its configuration files
(`conffiles`, by `snapshot`), and says so in the record (`recorded`); what no record needs any more
leaves the `pool`. `previous` judges before a rollback: the archives, the database and its lock,
what apt would do (`simulation`), what the log of dpkg says (`history`), which services maintainer
scripts touch (`scripts`). `comparison` tells whether a package is as recorded. `change` plans
the return, carries it out by `install`, and takes it back in an undo.
"""
