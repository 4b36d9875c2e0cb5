"""A small Kubernetes API server on this machine: for a look at gco-stream without a cluster, and for its tests."""

from gco_stream.sandbox.sandbox import Sandbox
from gco_stream.sandbox.simulator.directions import Behaviour, Directions

__all__ = ["Behaviour", "Directions", "Sandbox"]
