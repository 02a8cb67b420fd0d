"""A mock of your API, for the tests and for `docker compose up`; the plugin does not need it."""
