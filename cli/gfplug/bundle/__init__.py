"""From a project to its bundle and archive: freeze, prune, assemble, measure, pack, in the order that `build` has."""
