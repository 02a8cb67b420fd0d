"""Tools for SQL data sources: databases, macros, durations, the formats of query editors."""
