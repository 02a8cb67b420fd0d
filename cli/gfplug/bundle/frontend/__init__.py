"""A plugin's browser code: module.js linked without Node, or built by the project's own npm."""
