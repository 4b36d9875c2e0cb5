"""Core needs no loop and no time; its properties are tried on fresh examples each time, few enough to stay quick."""

from hypothesis import HealthCheck, settings

settings.register_profile("core", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("core")
