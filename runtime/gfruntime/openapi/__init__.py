"""Query an API by its description: requests, pages, errors and frames of its operations.

The code that `gfplug new --openapi` writes lists the operations; this package calls them.
"""
