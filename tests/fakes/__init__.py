"""The ports on plain Python: state that tests can set and read, calls that are counted, failures on demand.

Each is held to the real thing by the contracts in ``tests/contracts``.
"""
