"""HTTP to upstreams, as the data source is configured."""
