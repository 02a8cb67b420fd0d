"""Google's client of BigQuery."""

from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    options = ClientOptions(api_endpoint="http://127.0.0.1:9")
    client = bigquery.Client(project="x", credentials=AnonymousCredentials(), client_options=options)
    return Frame.of(value=[str(client.query("SELECT 1", retry=None, job_retry=None, timeout=3))])
