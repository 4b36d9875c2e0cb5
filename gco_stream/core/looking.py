"""What of an endpoint a pass has to read before it acts, beside what the watch has shown."""

from collections.abc import Collection

from gco_stream.core.gone import left_behind
from gco_stream.core.mirror import Mirror
from gco_stream.core.models import ObjectKey, object_keys
from gco_stream.core.wish import Gone, Request, Run


def keys_to_read(request: Request, mirror: Mirror) -> Collection[ObjectKey]:
    """Choose the objects that are read; those that are left out are not there.

    What the watch has not shown may have come this very moment. To run an endpoint that does no harm: an apply that is
    to make an object is refused where there is one, and what has come wakes the endpoint anyway. But nobody says of an
    endpoint that it is gone who has not looked.
    """
    if not mirror.sees_all():
        return object_keys(request.name)
    seen = mirror.observed(request.name)
    match request.wish:
        case Run():
            return tuple(seen.objects)
        case Gone() if not left_behind(request.name, seen):
            return ()
        case _:
            return object_keys(request.name)
