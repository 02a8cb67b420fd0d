"""One module per command: parse options, make one call, print one result. Heavy imports stay inside the functions."""
