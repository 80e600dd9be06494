"""What the tool keeps on the host, in a directory of root: backup set, runs, journal, evidence.

Order of calls: `directory` is opened, `lock` is taken (`lease` says who is alive), a run is noted
in `runs`, each change is written to `journal` before it is made; `evidence` keeps both versions.
"""
