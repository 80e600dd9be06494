"""The output of a run: timeline, run folder, seal and sign-offs, without secrets.

Promise: every event is on disk before the change that it announces, so that a killed run leaves
evidence; whatever was altered after the seal is found; a file that still holds a secret is
withdrawn and the run ends with a code of its own.

Order of calls: `timeline` writes while the run goes on, one line for each of the `events`, every
line through `redaction`; `json_data` turns dataclasses into JSON and back; `data_return` says what
users lose of a database. At the end `collect` brings journals and logs from the host, `run_folder`
completes the folder and searches it for secrets, `seal` hashes it, `archive` packs it, `signing`
signs that with the operator's key. `signoffs` adds what people ticked, later too; `afterwards`
tells what became of a run. `changes` tells what is not as it was sealed, `origin` has the host keep
the seals and tells what is known of them outside of the folder. `runs` finds the folder of a run
that a command is about.
"""
