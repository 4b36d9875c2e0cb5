from gco_stream.core.manifests.canonical import pruned


def test_nulls_and_empty_maps_and_lists_go_at_every_depth() -> None:
    manifest = {"a": {"b": None, "c": {"d": {}}, "e": [], "f": [{"g": None, "h": 1}]}, "i": 1}

    assert pruned(manifest)["a"] == {"f": [{"h": 1}]}
    assert pruned(manifest)["i"] == 1


def test_empty_strings_zero_and_false_stay() -> None:
    values = {"a": "", "b": 0, "c": False}

    assert pruned({"spec": values}) == {"spec": values}


def test_the_order_of_lists_stays() -> None:
    assert pruned({"args": ["b", "", "a", "b"]}) == {"args": ["b", "", "a", "b"]}
