"""PyMongo."""

import pymongo

from gfruntime import Frame


def answer() -> Frame:
    """Look for a server at a closed port."""
    client = pymongo.MongoClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=300)
    return Frame.of(value=[str(client.server_info())])
