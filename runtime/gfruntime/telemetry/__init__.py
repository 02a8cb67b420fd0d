"""Telemetry of the process and its calls: metrics, traces, profiles."""
