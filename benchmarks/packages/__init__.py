"""One module for each package that `benchmarks.native_packages` builds a plugin with: its `answer` is the query's."""
