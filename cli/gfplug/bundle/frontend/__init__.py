"""A plugin's part in the browser: module.js joined without Node, or built by the project's own npm."""
