"""The process that Grafana starts: from the handshake, over gRPC, to the end."""
