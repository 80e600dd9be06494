"""The steps of a rollback around the recorded files: requests and answers.

Promise: one module for each step, so that a request brings its own questions and answers to the
host and no others.

Order: `start_guard` and `snapshot` before anything changes, then `maintenance`, `files` and
`default_configuration`; `undo` goes back, `export` is asked when the run is over.
"""
