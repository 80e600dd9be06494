"""Probes: requests and answers.

Promise: a probe is part of many requests; what measures it many times, or watches what users get,
does not travel with them.

Order: `sample` asks a probe, `measurement` asks many often, `edge` watches what users get,
`served` compares it.
"""
