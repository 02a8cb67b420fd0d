"""The system and machine of an executable, from its first bytes, in Go's names."""

from __future__ import annotations

import struct

_ELF = {0x3E: "amd64", 0xB7: "arm64", 0x28: "arm", 0x03: "386"}
_PE = {0x8664: "amd64", 0xAA64: "arm64", 0x14C: "386"}
_MACH = {0x01000007: "amd64", 0x0100000C: "arm64"}
_PE_AT = 0x3C


def detect_platform(content: bytes) -> str:
    """Return a platform such as `linux_amd64`; `a script` for a script, empty for any other file."""
    if content[:4] == b"\x7fELF" and len(content) >= 20:  # noqa: PLR2004 - e_machine is at 18
        return f"linux_{_ELF.get(struct.unpack_from('<H', content, 18)[0], 'unknown')}"
    if content[:4] == b"\xcf\xfa\xed\xfe":
        return f"darwin_{_MACH.get(struct.unpack_from('<I', content, 4)[0], 'unknown')}"
    if content[:4] == b"\xca\xfe\xba\xbe":
        return "darwin_universal"
    if content[:2] == b"MZ" and len(content) > _PE_AT + 4:
        (at,) = struct.unpack_from("<I", content, _PE_AT)
        if content[at : at + 4] == b"PE\0\0":
            return f"windows_{_PE.get(struct.unpack_from('<H', content, at + 4)[0], 'unknown')}"
    return "a script" if content[:2] == b"#!" else ""
