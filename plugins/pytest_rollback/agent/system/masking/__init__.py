"""Secrets in texts: values that are known, in every writing, and what has the shape of a secret.

Promise: nothing here reads a file or asks the host; texts go in and come out. No expression takes
more than linear time. What was masked once stays as it is.

Order of calls: `writings` takes known values out of each reading of a text that `layers` makes,
with words that `encoded` decodes; `shapes` masks what looks like a secret, with the pairs of
`pairs`, the values that `ordinary` lets pass, and the tables of `providers`.
"""
