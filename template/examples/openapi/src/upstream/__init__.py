"""The API, as its description has it: gfplug makes this folder from `description.json`, and replaces it whole."""

from upstream.client import Api
from upstream.operations import Model
from upstream.options import Options

__all__ = ["Api", "Model", "Options"]
