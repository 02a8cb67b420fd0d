"""Untrusted input: archives, documents, paths and texts; each kind has one reader, with limits."""
