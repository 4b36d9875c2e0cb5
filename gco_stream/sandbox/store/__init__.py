"""The API's semantics in memory: no loop, no network, no clock of its own."""
