"""The connection to a host: one agent, and one round trip for a list of requests.

Promise: an answer is whole or it is an error with a hint; every request has a deadline; nothing is
installed on the host and no secret is put on a command line.

Order of calls: `connection` takes each `call`: a route, a request, its seconds. `payload` packs
the modules of the agent that they need; a Python on this machine reads them from memory (`memfd`),
any other host gets what it runs of them (`bare_source`) as arguments or as its input (`pieces`),
over the one line that `lines` has opened: by `ssh`, or by `ansible`. A signal gives up waiting
for it as `interrupts` says. The framed answer is decoded, or `diagnosis` says what the host's words
mean. `batch` runs looks, which yield calls and are sent the answers; the calls of several looks
share one round trip. `busy` is asked before all else until nobody is at work on the host.
`subjects` has words for what is asked.
"""
