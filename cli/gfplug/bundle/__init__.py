"""Turn a project into its bundle and archive: freeze, prune, assemble, measure, pack, in the order of `build`."""
