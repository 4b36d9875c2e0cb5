"""The loops whose only output is a name in the queue."""
