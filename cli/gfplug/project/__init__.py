"""A plugin project on disk: its manifest, lock file, names, requirements, and its Python environment."""
