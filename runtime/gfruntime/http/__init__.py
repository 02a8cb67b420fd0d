"""HTTP clients for upstreams, with the settings of the data source."""
