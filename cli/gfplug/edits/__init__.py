"""Edits of a project's files: show them as a difference, back up the old files, apply all or none."""
