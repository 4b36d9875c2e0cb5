"""``gco-stream demo``: the controller at work on this machine, told as a story."""
