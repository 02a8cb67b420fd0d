"""From a project to its bundle and archive: freeze, prune, assemble, measure, pack; `build` has the order of the stages."""
