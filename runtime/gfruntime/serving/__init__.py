"""The process that Grafana starts: the handshake, gRPC, and the end of the process."""
