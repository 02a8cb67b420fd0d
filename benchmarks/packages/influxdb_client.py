"""InfluxDB's client."""

import influxdb_client

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    with influxdb_client.InfluxDBClient("http://127.0.0.1:9", token="x", org="x", timeout=3000) as client:
        return Frame.of(value=[str(client.query_api().query("buckets()"))])
