"""certifi: a file of certificates."""

import ssl

import certifi

from gfruntime import Frame


def answer() -> Frame:
    """Load the certificates."""
    context = ssl.create_default_context(cafile=certifi.where())
    return Frame.of(value=[f"{bool(context.get_ca_certs())} certificates"])
