"""rollback.toml as frozen data, or every problem in it at once, with the key and what was expected.

Promise: what `load` returns is complete and consistent, and nobody changes it afterwards. The
modules of data import nothing of ours but each other.

Order of calls: `load` reads the file and validates it against `model` (system, components,
probes), `thresholds` (triage, monitor) and `contacts` (notify, people), whose values are read by
`values`; `validation` puts what is wrong into words. `requests` states what many requests to a
host share: where a system lies, whose files are meant, what is tried of it. `schema` makes the
JSON schema out of models and of the comments in the shipped file, `reference` makes
docs/manifest.md out of that.
"""
