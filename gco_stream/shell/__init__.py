"""Talks to the outside world, and decides nothing. The only room with third-party clients."""
