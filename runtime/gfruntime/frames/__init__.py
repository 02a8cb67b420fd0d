"""The data frame, which a query returns, and its conversion to and from Arrow."""
