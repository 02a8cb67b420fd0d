"""lxml, with libxml2 and libxslt in it."""

import lxml.etree
import lxml.html

from gfruntime import Frame


def answer() -> Frame:
    """Find a number in XML and a text in HTML."""
    number = lxml.etree.fromstring("<a><b v='42'/></a>").xpath("number(//b/@v)")
    return Frame.of(value=[f"{number} {lxml.html.fromstring('<p>page</p>').text_content()}"])
