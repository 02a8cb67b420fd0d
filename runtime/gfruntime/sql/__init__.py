"""What SQL data sources need: macros, durations, the formats of their editors."""
