"""The three-way merge of an upgrade: the last rendered files, the user's files, and the newly rendered files."""
