# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""python-oracledb: the imports of its compiled modules, which PyInstaller can't see.

Without cryptography python-oracledb loads, but refuses to connect.
"""

hiddenimports = [
    "array",
    "asyncio",
    "base64",
    "collections",
    "cryptography.hazmat.primitives.asymmetric.padding",
    "cryptography.hazmat.primitives.ciphers.aead",
    "cryptography.hazmat.primitives.ciphers.algorithms",
    "cryptography.hazmat.primitives.ciphers.modes",
    "cryptography.hazmat.primitives.hashes",
    "cryptography.hazmat.primitives.kdf.pbkdf2",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.x509",
    "datetime",
    "decimal",
    "getpass",
    "hashlib",
    "inspect",
    "ipaddress",
    "json",
    "platform",
    "random",
    "secrets",
    "select",
    "socket",
    "ssl",
    "subprocess",
    "uuid",
]
