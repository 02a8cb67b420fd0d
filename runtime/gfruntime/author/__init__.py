"""The author's class: its methods, its routes, and its dataclasses as schema and forms."""
