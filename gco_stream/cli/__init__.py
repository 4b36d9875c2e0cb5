"""The commands. The only place that reads the environment and sets exit codes."""
