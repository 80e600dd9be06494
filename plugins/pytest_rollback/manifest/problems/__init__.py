"""What is wrong with a manifest, in words: the key, what was found, what was expected.

`validation` puts errors of the models into words, and tells what no single key shows; of those keys
`releases` tells which ways to keep a release do not go together. `roots` makes one root of several
places before the models see a document, and tells what is wrong with them.
"""
