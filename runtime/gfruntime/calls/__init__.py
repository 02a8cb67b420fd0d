"""Answer the calls of pluginv2: decode the message, call the author's method, encode the answer."""
