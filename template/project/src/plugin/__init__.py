"""The plugin: `datasource.py` is the file to edit."""
