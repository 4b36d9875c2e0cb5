"""The checker of load balancer groups: what is wrong only with several Ingresses, or several instants, together."""

from typing import Any

import pytest

from tests.load_balancer import LoadBalancer, platform, violations
from tests.load_balancer_builders import (
    ALB,
    BY_ACTION,
    HERE,
    NUMBER_80,
    a_service,
    a_target,
    an_action,
    an_ingress,
    split,
    weighted,
)

PLATFORM, ITS_SERVICE = platform()


def with_services(*ingresses: dict[str, Any]) -> list[str]:
    """Check Ingresses that have all their Services."""
    names = {(i["metadata"]["namespace"], _backend(i)["name"]) for i in ingresses}
    services = [a_service(name) | {"metadata": {"namespace": space, "name": name}} for space, name in names]
    return violations([*ingresses], services, own_namespace=HERE)


def _backend(ingress: dict[str, Any]) -> Any:
    return ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]


def ordered(order: str, ingress: dict[str, Any]) -> dict[str, Any]:
    ingress["metadata"]["annotations"] = {f"{ALB}group.order": order}
    return ingress


def elsewhere(name: str = "theirs", **fields: Any) -> dict[str, Any]:
    return an_ingress(name, namespace="gco-system", **fields)


def with_default(ingress: dict[str, Any]) -> dict[str, Any]:
    backend = {"service": {"name": _backend(ingress)["name"], "port": NUMBER_80}}
    return {**ingress, "spec": {**ingress["spec"], "defaultBackend": backend}}


def with_host(host: str, ingress: dict[str, Any]) -> dict[str, Any]:
    return {**ingress, "spec": {**ingress["spec"], "rules": [{"host": host, **ingress["spec"]["rules"][0]}]}}


class TestPaths:
    @pytest.mark.parametrize(
        ("one", "other", "said"),
        [
            ("/a", "/a", "the path /a of gco-inference/inference-two is behind /a of gco-inference/inference-one"),
            ("/a", "/a/", "the path /a/ of gco-inference/inference-two is behind /a of gco-inference/inference-one"),
            ("/a", "/a/b/c", "the path /a/b/c of gco-inference/inference-two is behind /a of gco-inference/"),
            ("/a/b", "/a", "the path /a/b of gco-inference/inference-one lies inside /a of gco-inference/"),
        ],
    )
    def test_12_no_two_endpoints_have_the_same_or_nested_paths(self, one: str, other: str, said: str) -> None:
        (found,) = with_services(an_ingress("one", path=one), an_ingress("two", path=other))

        assert found.startswith(said)

    @pytest.mark.parametrize(("one", "other"), [("/a", "/ab"), ("/a/b", "/a/c"), ("/a-b", "/a")])
    def test_12_paths_that_only_begin_alike_do_not_clash(self, one: str, other: str) -> None:
        assert with_services(an_ingress("one", path=one), an_ingress("two", path=other)) == []

    def test_12_the_longest_path_comes_first_within_one_ingress(self) -> None:
        ingress = an_ingress(path="/a")
        rules = [*ingress["spec"]["rules"], *an_ingress(path="/a/b")["spec"]["rules"]]

        assert with_services({**ingress, "spec": {**ingress["spec"], "rules": rules}}) == []

    def test_12_what_is_going_clashes_with_nobody(self) -> None:
        going = an_ingress("one", path="/a", deletionTimestamp="2026-03-01T12:00:00Z")

        assert with_services(going, an_ingress("two", path="/a")) == []

    def test_11_ours_come_before_the_platforms_last_path(self) -> None:
        later = an_ingress(namespace="gco-z")
        service = a_service() | {"metadata": {"namespace": "gco-z", "name": "llama"}}

        found = violations([later, PLATFORM], [service, ITS_SERVICE], own_namespace="gco-z")

        assert found == ["the path /inference/llama of gco-z/inference-llama is behind / of gco-system/gco-api"]

    def test_11_an_order_puts_ours_before_the_platforms_wherever_they_are(self) -> None:
        ingress = an_ingress(namespace="gco-z", annotations={f"{ALB}group.order": "-1"})
        service = a_service() | {"metadata": {"namespace": "gco-z", "name": "llama"}}

        assert violations([ingress, PLATFORM], [service, ITS_SERVICE], own_namespace="gco-z") == []

    @pytest.mark.parametrize("path", ["/api", "/healthz", "/"])
    def test_11_ours_do_not_take_the_platforms_paths(self, path: str) -> None:
        found = violations([an_ingress(path=path), PLATFORM], [a_service(), ITS_SERVICE], own_namespace=HERE)

        behind = path if path != "/" else "/api"
        assert f"the path {behind} of gco-system/gco-api is behind {path} of gco-inference/inference-llama" in found

    def test_11_order_is_a_number_and_names_are_compared_as_bytes(self) -> None:
        first, last = ordered("9", elsewhere("b", path="/a")), ordered("10", elsewhere("a", path="/a/b"))

        assert with_services(first, last) == [
            "the path /a/b of gco-system/inference-a is behind /a of gco-system/inference-b"
        ]
        assert with_services(ordered("11", first), last) == []

    def test_11_a_host_hides_only_its_own(self) -> None:
        hosted = with_host("a.example", elsewhere("a", path="/a"))

        assert with_services(hosted, elsewhere("b", path="/a")) == []
        assert len(with_services(hosted, with_host("a.example", elsewhere("b", path="/a")))) == 1


class TestLimits:
    def test_10_a_hundred_target_groups_fit(self) -> None:
        crowd = [an_ingress(f"e{number}") for number in range(100)]

        assert with_services(*crowd) == []

    def test_10_more_target_groups_do_not_also_where_several_are_behind_one_path(self) -> None:
        crowd = [an_ingress(f"e{number}") for number in range(99)]
        services = [a_service(f"e{number}") for number in range(99)]
        pair = [a_service(), a_service("llama-canary")]

        found = violations([*crowd, weighted(split(100, 0))], [*services, *pair], own_namespace=HERE)

        assert found == ["there are 101 target groups, more than 100"]

    def test_10_more_rules_do_not_fit(self) -> None:
        ingress = an_ingress(path="/a")
        more = [rule for number in range(101) for rule in an_ingress(path=f"/a{number}")["spec"]["rules"]]

        found = with_services({**ingress, "spec": {**ingress["spec"], "rules": more}})

        assert found == ["there are 101 rules, more than 100"]


class TestAgreement:
    @pytest.mark.parametrize("name", ["inbound-cidrs", "tags", "load-balancer-attributes"])
    def test_16_members_do_not_differ_about_the_load_balancer(self, name: str) -> None:
        one, other = (elsewhere(letter, annotations={f"{ALB}{name}": letter}) for letter in "ab")

        assert with_services(one, other) == [
            f"{ALB}{name} differs: 'a' by gco-system/inference-a, 'b' by gco-system/inference-b"
        ]
        assert with_services(one, elsewhere("c")) == []

    def test_16_there_is_one_default_backend(self) -> None:
        one, other = with_default(elsewhere("one")), with_default(elsewhere("two"))

        assert with_services(one, other) == [
            "there are several default backends: of gco-system/inference-one, gco-system/inference-two"
        ]
        assert with_services(one, elsewhere("two")) == []


class TestOneInstantAfterTheOther:
    def test_6_a_canary_comes_and_goes_without_a_new_target_group_for_what_serves(self) -> None:
        balancer, services = LoadBalancer(own_namespace=HERE), [a_service(), a_service("llama-canary")]

        found = [
            balancer.show([ingress], services)
            for ingress in (an_ingress(), weighted(split(100, 0)), weighted(split(90, 10)), an_ingress())
        ]

        assert found == [[]] * 4

    def test_6_an_action_keeps_its_name(self) -> None:
        balancer, services = LoadBalancer(own_namespace=HERE), [a_service(), a_service("llama-canary")]
        renamed = an_ingress(backend={**BY_ACTION, "name": "other"}, annotations={f"{ALB}actions.other": split(90, 10)})

        balancer.show([weighted(split(90, 10))], services)
        balancer.show([an_ingress()], services)

        assert balancer.show([renamed], services) == [
            "Ingress gco-inference/inference-llama: calls its action other, which was weighted"
        ]

    def test_6_a_port_written_otherwise_is_another_target_group(self) -> None:
        balancer = LoadBalancer(own_namespace=HERE)
        balancer.show([an_ingress()], [a_service()])

        found = balancer.show([weighted(an_action(a_target("llama", servicePort="http")))], [a_service()])

        assert "Ingress gco-inference/inference-llama: writes the port of llama as 'http', not 80" in found
