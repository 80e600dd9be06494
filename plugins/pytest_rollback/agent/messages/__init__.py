"""The requests to the agent and its answers: frozen data, shared by both sides.

One module for each package that answers, or a package with one for each of its modules: a request
takes to the host what the module that answers it imports, and a type takes 0.1 ms at its start.
Each has its requests, its answers, and the routes that join them:
`LOOK = Route("units.look", UnitsRequest, UnitStates)`. `routes` says which function answers a
route; that function takes the request and returns the answer. Both are named tuples: they travel as
arrays, and are checked against their annotations where they arrive (`protocol.decode`). The
annotations are types and no text, so these modules have no `from __future__` import.
"""
