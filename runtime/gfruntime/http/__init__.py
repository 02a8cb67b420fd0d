"""HTTP clients for upstreams, configured like the data source."""
