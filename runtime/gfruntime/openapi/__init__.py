"""An API as its description has it: requests, pages, errors and frames of its operations.

The code that `gfplug new --openapi` writes lists the operations; this package asks them.
"""
