"""The three-way merge of an upgrade: what was rendered, what the user made of it, and what is rendered now."""
