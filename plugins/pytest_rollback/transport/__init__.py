"""How a host is reached: one round trip for a list of requests.

`connection` asks through pytest-testinfra; `payload` is what travels, `memfd` how a local host gets
it, `ssh` the line; `diagnosis` says what a host meant that did not answer.
"""
