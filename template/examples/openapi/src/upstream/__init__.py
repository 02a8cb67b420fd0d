"""The API, generated from its description: gfplug writes this folder from `description.json`, and replaces all of it.

`Api` calls it, with the code in `gfruntime.openapi`. `Options` and `Model` are what Grafana saves.
"""

from gfruntime.openapi.api import DescribedApi
from upstream.endpoints import ADDRESS, CHECKED, CREDENTIALS, ENDPOINTS
from upstream.models import QUERIES, Model, Options

__all__ = ["Api", "Model", "Options"]


class Api(DescribedApi):
    """The API of one configured data source; threads may share it."""

    address = ADDRESS
    checked = CHECKED
    credentials = CREDENTIALS
    endpoints = ENDPOINTS
    queries = QUERIES
