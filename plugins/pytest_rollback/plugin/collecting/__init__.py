"""Collects the criteria that ship with the package, in any folder, whatever its settings are.

Promise: `rollback ready` finds them without a clone, under ids that begin with `suites/`.
No setting, conftest or plugin of the folder takes one away, changes it, or reorders it, and nobody
else's test is touched.

Order of calls: pytest calls `hooks`; `words` tells which words of the command line name criteria;
`nodes` collects these and, beside them, what the folder's own `suites/` has; `fixture_lookup` finds
fixtures for them; `unknown` refuses options that nobody knows; `selection` applies the options that
the operator typed, and none that a file adds.
"""
