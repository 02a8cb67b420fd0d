"""Input from strangers: archives, documents, paths and texts, each read in one way, with bounds."""
