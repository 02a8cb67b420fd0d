"""Licences of packages as SPDX: an id or expression if the metadata is clear, else the package's own text."""

import pytest

from gfplug.bundle.components import spdx

CLEAR = {
    "MIT": "MIT",
    "mit": "MIT",
    "The MIT License": "MIT",
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "New BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "Eclipse Public License 2.0 (EPL-2.0)": "EPL-2.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "mit or apache-2.0": "MIT OR Apache-2.0",
    "GPL-3.0-or-later WITH GCC-exception-3.1": "GPL-3.0-or-later WITH GCC-exception-3.1",
}
UNCLEAR = ["", "BSD", "BSD License", "GPL", "LGPL", "Dual License", "Public Domain", "Apache License", "see LICENSE"]
UNCLEAR += ["Netscape Public License (NPL)", "GPLv3", "Mine (see LICENSE)", "Mozilla Public License 1.0 (MPL)"]


@pytest.mark.parametrize("text", [*CLEAR, *UNCLEAR])
def test_a_clear_licence_text_becomes_spdx(text: str) -> None:
    """Ids, expressions and common names are understood; an ambiguous name is not resolved."""
    assert spdx.canonical(text) == CLEAR.get(text, "")


@pytest.mark.parametrize(
    ("expression", "text", "classifiers", "expected"),
    [
        (
            "Apache-2.0 OR BSD-2-Clause",
            "MIT",
            ["License :: OSI Approved :: MIT License"],
            ("Apache-2.0 OR BSD-2-Clause",),
        ),
        ("", "Apache 2.0", ["License :: OSI Approved :: MIT License"], ("Apache-2.0",)),
        ("", "Dual License", ["License :: OSI Approved :: MIT License", "License :: Other :: X"], ("MIT", "X")),
        ("", "Copyright me\n\nDo what you want.", ["License :: OSI Approved :: BSD License"], ("BSD License",)),
        ("", "Copyright me\n\nDo what you want.", [], ()),
        ("", "MIT License\n\nCopyright (c) me\n", ["License :: OSI Approved :: BSD License"], ("MIT",)),
        ("", "\n  Apache License\n  Version 2.0, January 2004\n\n1. ...", [], ("Apache-2.0",)),
        ("", "BSD 3-Clause License\n\n Copyright (c) 2021-2025, Somebody", [], ("BSD-3-Clause",)),
        ("", "my own", ["License :: OSI Approved"], ("my own",)),
        ("", "", [], ()),
    ],
)
def test_the_clearest_licence_statement_is_used(
    expression: str, text: str, classifiers: list[str], expected: tuple[str, ...]
) -> None:
    """The order is: the expression, the licence field if it is SPDX, the classifiers, the text itself."""
    assert spdx.statements(expression=expression, text=text, classifiers=classifiers) == expected


def test_cyclonedx_has_ids_names_or_one_expression() -> None:
    """Several licences are listed side by side; a custom reference is an expression."""
    assert spdx.to_cyclonedx(("MIT",)) == [{"license": {"id": "MIT"}}]
    assert spdx.to_cyclonedx(("MIT OR ISC",)) == [{"expression": "MIT OR ISC"}]
    assert spdx.to_cyclonedx(("LicenseRef-Public-Domain",)) == [{"expression": "LicenseRef-Public-Domain"}]
    assert spdx.to_cyclonedx(("MIT", "MIT OR ISC", "BSD License")) == [
        {"license": {"id": "MIT"}},
        {"license": {"name": "MIT OR ISC"}},
        {"license": {"name": "BSD License"}},
    ]
    assert spdx.to_cyclonedx(()) == []


def test_an_expression_is_split_into_licences_and_exceptions() -> None:
    """These are licences and exceptions; "only" and "or later" share one text."""
    assert spdx.ids("GPL-3.0-or-later WITH GCC-exception-3.1 OR (MIT AND 0BSD)") == [
        *("GPL-3.0", "GCC-exception-3.1", "MIT", "0BSD"),
    ]
    assert spdx.ids("BSD License") == []
