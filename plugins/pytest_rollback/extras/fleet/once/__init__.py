"""What is one for a whole fleet: data that both releases share, messages, the maintenance page.

Promise: what happens once is done by the controller, or with the canary, and every other host is
told to leave it out. Both releases serve at once only where somebody has shown, or says in the
open, that they may.

`mixing` judges that: no I/O. Else `isolation` stops all hosts before one is rolled back, behind
`fleet_page`. `messages` tells people of the run as a whole. `per_fleet` has each of them done in
its place in a run.
"""
