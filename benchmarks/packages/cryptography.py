"""cryptography, with OpenSSL in it."""

from cryptography.fernet import Fernet

from gfruntime import Frame


def answer() -> Frame:
    """Encrypt and decrypt."""
    fernet = Fernet(Fernet.generate_key())
    return Frame.of(value=[fernet.decrypt(fernet.encrypt(b"forty-two")).decode()])
