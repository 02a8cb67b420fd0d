"""The Python environment of a project: which interpreter it is made with, and what the machine must have."""
