"""The runtime and its stubs on the path."""

from runtime_stubs import pytest_configure, stub_folder

__all__ = ["pytest_configure", "stub_folder"]
