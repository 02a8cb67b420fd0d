"""The data frame: what a query answers, and its way to and from Arrow."""
