"""Draw frames as tables and plots of characters, or as picture files; `console` prints the characters."""
