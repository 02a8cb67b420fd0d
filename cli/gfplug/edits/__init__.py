"""Edits of a project's files: what they change, shown as a difference, kept as a copy, and made all or none."""
