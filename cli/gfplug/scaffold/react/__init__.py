"""Write TypeScript types and React editors once from a data source's dataclasses; the author then owns the files."""
