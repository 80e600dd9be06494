"""Loading of rollback.toml: frozen data, or a list of all problems.

`load` reads a file: `document` decodes TOML, `model` checks each key, `validation` checks what no
single key shows and puts every problem into words: key, what was found, what was expected.

    load -> document, validation -> model -> thresholds, contacts, probes, release, fleet -> values

`roots` makes one root of several places before the models see a document; `refused` names values
that are well formed and would empty a check or harm the host.

`requests` states what many requests to a host share, `applicability` which criteria a system has
something for. `editors` makes of the models what editors and readers are told.
"""
