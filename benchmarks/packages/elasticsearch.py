"""Elasticsearch's client."""

import elasticsearch

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[str(elasticsearch.Elasticsearch("http://127.0.0.1:9", max_retries=0).info())])
