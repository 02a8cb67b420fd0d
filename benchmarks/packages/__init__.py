"""One module for each package with which `benchmarks.native_packages` builds a plugin; `answer` answers the query."""
