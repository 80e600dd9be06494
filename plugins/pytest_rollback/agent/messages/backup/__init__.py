"""The backup set: saved before a deploy, verified afterwards, compared with the repository.

Promise: one module for each module of `agent/backup/` that answers, so that a request brings its
own questions and answers to the host and no others.

Order: `save` before the deploy, `verify` after it, `git` for the two releases that it lies between,
`leftovers` after a rollback. `sets` chooses how far back a rollback goes.
`strategies` and `commands` are about releases that are kept whole.
"""
