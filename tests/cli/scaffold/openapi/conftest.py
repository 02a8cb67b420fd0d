"""The generated code makes an HTTP client for each test."""

from few_authorities import authorities, few_authorities

__all__ = ["authorities", "few_authorities"]
