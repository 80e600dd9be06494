"""A trial of a tree: it is compiled, imported and constructed as the service's user.

Promise: the live root is only read, and nothing of the trial is left on the host.

Order of calls: `trial` is asked for components. For a tree that is not restored yet `staged_tree`
builds it outside of the root, out of live files and backups; for the live tree nothing is built,
and `trial_site` tells both apart.
`components` says how each is run there: by its unit's files, as they will be, with
`contradictions` to rollback.toml told; `accounts` says as whom, and `shadows` names modules of no
release that its Python would find first. `child` then runs in each component's own interpreter,
directory and environment, as its user, without writing bytecode, and tells what does not compile,
import or construct, and which of those modules a library would load.
"""
