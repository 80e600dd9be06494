"""Requests to health addresses: once (`request`), or often and timed (`sample`, `measurement`)."""
