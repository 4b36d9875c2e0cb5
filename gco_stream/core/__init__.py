"""Decides. Nothing here waits, asks the time, talks to anybody or logs."""
