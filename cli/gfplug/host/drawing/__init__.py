"""Frames as people look at them: tables and plots in characters, pictures in files; `console` does the writing."""
