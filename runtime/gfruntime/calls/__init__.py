"""The calls of pluginv2: from the message, by the author's method, to the answer."""
