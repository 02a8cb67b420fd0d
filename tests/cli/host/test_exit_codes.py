"""Exit codes of processes in words."""

import pytest

from gfplug.host.output import describe_exit


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (255, "exit code 255"),
        (-9, "killed by SIGKILL"),
        (-200, "killed by signal 200"),
        (0xC0000005, "exit code 0xC0000005"),
        (0xC0000135, "exit code 0xC0000135"),
    ],
)
def test_an_exit_code_is_shown_in_the_notation_of_its_system(code: int, words: str) -> None:
    """It is a number, a signal's name, or a Windows status in hexadecimal."""
    assert describe_exit(code) == words
