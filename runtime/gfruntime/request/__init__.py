"""What Grafana asks: queries and requests, who asks, and how Grafana and the data source are configured."""
