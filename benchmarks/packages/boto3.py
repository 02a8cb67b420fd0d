"""boto3: its clients are data files."""

import boto3

from gfruntime import Frame


def answer() -> Frame:
    """Make clients of two services, and sign an address."""
    keys = {"region_name": "eu-central-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    address = boto3.client("s3", **keys).generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    return Frame.of(value=[f"{boto3.client('athena', **keys).meta.endpoint_url} {address[:30]}"])
