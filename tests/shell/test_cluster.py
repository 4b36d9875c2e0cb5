"""How the shell behaves towards an API server that is in trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gco_stream.core.models import Apply, Delete, EndpointName, Kind, ObjectKey, object_keys
from gco_stream.errors import Conflict, Denied, InvalidSettings, Refused, Transient
from gco_stream.shell.cluster import KubernetesCluster
from gco_stream.shell.connection import Connection
from gco_stream.shell.kubernetes_api import load_configuration
from gco_stream.shell.kubernetes_library import Configuration
from tests.shell.servers import Reply, Server, breaks_off, hangs_up, says

pytestmark = pytest.mark.process

LLAMA = EndpointName("llama")
KEY = ObjectKey(Kind.SERVICE, "llama")
MANIFEST = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "llama", "namespace": "ns"}}
APPLY = Apply(key=KEY, manifest=MANIFEST, uid="u-1", why="test")
NOT_FOUND = says({"kind": "Status", "reason": "NotFound", "code": 404}, status=404)


@asynccontextmanager
async def a_cluster(url: str, *, seconds: float = 5.0) -> AsyncIterator[KubernetesCluster]:
    async with Connection(Configuration(host=url)) as api:
        yield KubernetesCluster(api, namespace="ns", timeout=timedelta(seconds=seconds))


async def failure_of(server: Server, *replies: Reply, seconds: float = 5.0) -> Exception:
    """Apply something, and return how it failed."""
    server.will(*replies)
    async with a_cluster(server.url, seconds=seconds) as cluster:
        with pytest.raises((Transient, Refused, Conflict)) as failure:
            await cluster.carry_out(APPLY)
    return failure.value


async def test_an_apply_names_its_object_by_uid(server: Server) -> None:
    server.will(says(MANIFEST))

    async with a_cluster(server.url) as cluster:
        await cluster.carry_out(APPLY)

    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PATCH", "/api/v1/namespaces/ns/services/llama")
    assert asked.query == {"fieldManager": "gco-stream", "force": "true"}
    assert asked.headers["Content-Type"] == "application/apply-patch+yaml"
    assert asked.body == {**MANIFEST, "metadata": {"name": "llama", "namespace": "ns", "uid": "u-1"}}


async def test_an_apply_that_creates_cannot_take_anything_over(server: Server) -> None:
    server.will(says(MANIFEST, status=201))

    async with a_cluster(server.url) as cluster:
        await cluster.carry_out(Apply(key=KEY, manifest=MANIFEST, uid=None, why="missing"))

    assert server.asked[0].body["metadata"] == {"name": "llama", "namespace": "ns", "resourceVersion": "1"}


async def test_a_deletion_names_its_object_by_uid(server: Server) -> None:
    server.will(says({"kind": "Status", "status": "Success"}))

    async with a_cluster(server.url) as cluster:
        gone = await cluster.carry_out(Delete(key=KEY, uid="u-1", why="test"))

    assert gone is None
    assert server.asked[0].body["preconditions"] == {"uid": "u-1"}


async def test_an_object_held_by_a_finalizer_is_not_gone(server: Server) -> None:
    leaving = {**MANIFEST, "metadata": {"name": "llama", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    server.will(says(leaving))

    async with a_cluster(server.url) as cluster:
        assert await cluster.carry_out(Delete(key=KEY, uid="u-1", why="test")) == leaving


async def test_a_name_that_kubernetes_refuses_is_not_asked_for(server: Server) -> None:
    server.will(NOT_FOUND)

    async with a_cluster(server.url) as cluster:
        for name in ("a/b", "A", "", "../../secrets", "x" * 64):
            observed = await cluster.observe(EndpointName(name), with_pods=True)
            assert (observed.objects, observed.pods) == ({}, ())

    assert server.asked == []


async def test_an_object_that_is_not_there_is_not_observed(server: Server) -> None:
    server.will(NOT_FOUND)

    async with a_cluster(server.url) as cluster:
        observed = await cluster.observe(LLAMA, with_pods=False)

    assert (observed.objects, observed.pods) == ({}, None)
    assert len(server.asked) == len(object_keys(LLAMA))


@pytest.mark.behaviour("B26")
@pytest.mark.parametrize("body", ["404 page not found", "", {"message": "no route"}], ids=str)
async def test_a_404_that_is_not_the_api_servers_says_nothing_about_an_object(server: Server, body: object) -> None:
    server.will(says(body, status=404))

    async with a_cluster(server.url) as cluster:
        with pytest.raises(Transient):
            await cluster.observe(LLAMA, with_pods=False)
        with pytest.raises(Transient):
            await cluster.carry_out(Delete(key=KEY, uid="u-1", why="test"))


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_handed_on_and_nothing_is_sent_before(server: Server, status: int) -> None:
    failure = await failure_of(server, says("later", status=status, headers={"Retry-After": "7"}))

    assert isinstance(failure, Transient)
    assert failure.retry_after == 7
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_hiccup_is_tried_again_at_once(server: Server, status: int) -> None:
    server.will(says("hiccup", status=status), says("hiccup", status=status), says(MANIFEST))

    async with a_cluster(server.url) as cluster:
        assert await cluster.carry_out(APPLY) == MANIFEST

    assert len(server.asked) == 3


async def test_trouble_that_lasts_is_transient_after_three_attempts(server: Server) -> None:
    failure = await failure_of(server, says("upstream connect error", status=503))

    assert isinstance(failure, Transient)
    assert str(failure).endswith("HTTP 503")
    assert len(server.asked) == 3


@pytest.mark.parametrize(("status", "kind"), [(400, Refused), (401, Denied), (403, Denied), (409, Conflict)])
async def test_what_cannot_be_cured_is_sent_once(server: Server, status: int, kind: type[Exception]) -> None:
    failure = await failure_of(server, says({"kind": "Status", "message": "no"}, status=status))

    assert type(failure) is kind
    assert len(server.asked) == 1


@pytest.mark.parametrize("reply", [breaks_off(), hangs_up()], ids=["half a body", "no answer"])
async def test_a_broken_connection_is_transient(server: Server, reply: Reply) -> None:
    assert isinstance(await failure_of(server, reply), Transient)


@pytest.mark.parametrize("body", ["<html>login</html>", "", "[]", "null", '{"kind": "Depl'], ids=repr)
async def test_a_success_that_is_no_object_is_transient(server: Server, body: str) -> None:
    assert isinstance(await failure_of(server, says(body)), Transient)


async def test_a_silent_server_is_transient_at_the_deadline_of_one_call(server: Server) -> None:
    before = asyncio.get_running_loop().time()

    failure = await failure_of(server, server.hang, seconds=0.3)

    assert isinstance(failure, Transient)
    assert str(failure).endswith("no answer in time")
    assert asyncio.get_running_loop().time() - before < 0.6
    assert len(server.asked) == 1


async def test_a_trickling_server_is_transient_at_the_deadline_of_one_call(server: Server) -> None:
    failure = await failure_of(server, server.trickle, seconds=0.3)

    assert isinstance(failure, Transient)
    assert len(server.asked) == 1


async def test_an_unreachable_server_is_transient() -> None:
    async with a_cluster("http://127.0.0.1:1") as cluster:
        with pytest.raises(Transient):
            await cluster.observe(LLAMA, with_pods=False)


async def test_one_failed_read_of_several_is_the_error_of_all(server: Server) -> None:
    server.will(says({"kind": "Status", "message": "forbidden"}, status=403))

    async with a_cluster(server.url) as cluster:
        with pytest.raises(Denied, match="forbidden"):
            await cluster.observe(LLAMA, with_pods=True)


@pytest.mark.behaviour("B3")
async def test_no_configuration_at_all_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "absent"))
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(InvalidSettings) as error:
        await load_configuration()

    assert [problem.field for problem in error.value.problems] == ["KUBECONFIG"]


@pytest.mark.behaviour("B3")
@pytest.mark.parametrize("text", ["", "nonsense", "[1]", "a: [", "apiVersion: v1\nkind: Config\n"], ids=repr)
async def test_a_broken_kubeconfig_is_a_clear_error(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    path = tmp_path / "config"
    path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))

    with pytest.raises(InvalidSettings):
        await load_configuration()
