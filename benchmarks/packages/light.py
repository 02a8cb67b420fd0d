"""Three small packages in one bundle: orjson, requests and PyMySQL."""

import orjson
import pymysql
import requests

from gfruntime import Frame


def answer() -> Frame:
    """Decode JSON, and connect twice to a closed port."""
    texts = [orjson.dumps(orjson.loads('{"value": 42}')).decode()]
    try:
        requests.get("https://127.0.0.1:9/", timeout=3)
    except requests.ConnectionError as error:
        texts.append(str(error))
    try:
        pymysql.connect(host="127.0.0.1", port=9, connect_timeout=3)
    except pymysql.OperationalError as error:
        texts.append(str(error))
    return Frame.of(value=texts)
