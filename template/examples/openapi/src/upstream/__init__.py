"""The API, as its description has it: gfplug makes this folder from `description.json`, and replaces it whole.

`Api` asks it; `gfruntime.openapi` says how. `Options` and `Model` are what Grafana saves.
"""

from gfruntime.openapi.api import DescribedApi
from upstream.endpoints import ADDRESS, CHECKED, CREDENTIALS, ENDPOINTS
from upstream.models import QUERIES, Model, Options

__all__ = ["Api", "Model", "Options"]


class Api(DescribedApi):
    """The API of one configured data source; for any number of threads."""

    address = ADDRESS
    checked = CHECKED
    credentials = CREDENTIALS
    endpoints = ENDPOINTS
    queries = QUERIES
