"""TypeScript types and React editors, written once from a data source's dataclasses; then they are the author's."""
