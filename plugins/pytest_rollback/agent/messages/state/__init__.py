"""Runs and their journals: requests and answers.

Promise: each change reads the progress of its run; what begins, ends and lists runs stays out of
that.

Order: `runs` begins a run, lists and ends it; `progress` is what each of them has come to.
"""
