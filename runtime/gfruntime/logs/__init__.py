"""Log lines in Grafana's format, with secrets masked."""
