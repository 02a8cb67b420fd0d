"""What is told of the process and its calls: metrics, traces, profiles."""
