"""rollback.toml into frozen data: `load` reads it, `validation` tells every problem at once.

`model`, `thresholds`, `contacts` and `values` are the data; `schema` and `reference` describe it.
"""
