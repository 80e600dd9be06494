"""Loading of rollback.toml: frozen data, or a list of all problems.

`load` reads a file: `document` decodes TOML, `model` checks each key, `problems` what no single key
shows, and puts every problem into words: key, what was found, what was expected.

    load -> document, problems -> model -> thresholds, contacts, probes, release, fleet -> values

`refused` names values that are well formed and would empty a check or harm the host. `parts` tells
by which strategy each component is kept, and in which order the parts of a release come back.

`requests` states what many requests to a host share, `applicability` which criteria a system has
something for. `editors` makes of the models what editors and readers are told.
"""
