"""A plugin's part in the browser: module.js linked from the stub without Node, or built by the project's own npm."""
