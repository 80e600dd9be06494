"""Units and their health: requests and answers.

Promise: who only stops or starts a unit does not bring what asks for its health to the host: the
probes have many types.

Order: `units` says how they are and changes it, `health` starts them one by one and asks probes,
`running` says which processes are theirs, `survey` which units a host has at all.
"""
