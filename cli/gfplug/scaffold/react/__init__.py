"""Write TypeScript types and React editors once from a data source's dataclasses; then the author owns them."""
