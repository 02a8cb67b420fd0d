"""One module per command: parse, make one call, print one result. Heavy imports stay inside the functions."""
