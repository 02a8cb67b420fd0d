"""A stand-in for your API, for the tests and for `docker compose up`; the plugin does not need it."""
