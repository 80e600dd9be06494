"""Probes, run on the host: HTTP, TCP or a command, one or many samples, in bounded time.

Promise: status, body and "no redirect" are judged as rollback.toml states them; a slow probe slows
no other one, and what measuring itself costs is measured and taken off.

Order of calls: `sample` asks one probe a number of times, `measurement` many probes one after the
other until `percentiles` is sure enough of the 95th. Both get their client from `request`: `http`
with a connection that is kept, or TCP, or a command; `client` is what all clients share, and
`patterns` looks for those of the manifest in bounded time; `credentials` reads what lets us in.
`edge` asks what users get at a steady pace, `served` compares it with what components answer;
`baseline` keeps the response times of the healthy system.
"""
