"""Every failure that gfplug reports, with its exit code.

GfplugError            exit 1   only its subclasses are raised
├── ProjectError       3   not a gfplug project, invalid plugin.json, an owned folder was edited
├── FetchError         4   the proto could not be obtained
├── IntegrityError     5   bytes do not match their digest, or are not of the expected kind
├── ToolError          6   protoc, the template, PyInstaller or the plugin itself failed; carries its last lines
├── CompatError        7   the chosen proto is too old, or drops something in use
├── ConflictError      8   an upgrade left something for the user to decide
└── UsageError         2   an argument that the command line cannot check by its type

0 is success, 1 a bug of gfplug, 130 an interruption. The message says what happened, with the value; the hint says
what to type next.
"""

from __future__ import annotations

from typing import ClassVar


class GfplugError(Exception):
    """The root: a failure that the user can act on, printed without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", details: str = "") -> None:
        """Store the message, the next step (`hint`), and the last lines of another program (`details`)."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details


class UsageError(GfplugError):
    """An argument has the right type, but a wrong value, or does not fit another argument."""

    exit_code = 2


class ProjectError(GfplugError):
    """The folder is not a plugin project, or the project must be repaired first."""

    exit_code = 3


class FetchError(GfplugError):
    """The proto could not be obtained from any source."""

    exit_code = 4


class IntegrityError(GfplugError):
    """Bytes do not match their digest, or are not of the expected kind."""

    exit_code = 5


class ToolError(GfplugError):
    """Another program is missing or failed; `details` holds its last lines."""

    exit_code = 6


class CompatError(GfplugError):
    """The chosen SDK version is too old, or it drops something in use."""

    exit_code = 7


class ConflictError(GfplugError):
    """This upgrade or an earlier one left something for the user to decide."""

    exit_code = 8
