"""gRPC over HTTP/2 without grpcio, for one trusted client on this machine: the host that started the plugin.

`framing` encodes frames, `header_blocks` reads and writes headers, `connection` is one connection's state, `exchange`
is one call, `listener` accepts connections. Source: RFC 9113, RFC 7541, and gRPC's PROTOCOL-HTTP2.md.
"""
