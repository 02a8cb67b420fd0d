# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Bundle the certificates that grpcio trusts, beside its code.

Packages such as grpc_status are bundled if the author imports them. PyInstaller's community
hook collects sources and stubs, too.
"""

from PyInstaller.utils.hooks import collect_data_files  # type: ignore[import-untyped]  # PyInstaller's

datas = collect_data_files("grpc", includes=["**/*.pem"])
excludedimports = ["grpc_health", "grpc_reflection", "grpc_tools"]
