"""What can happen to a user: a line, a hint and an exit code, and never a traceback."""

from pathlib import Path

import pytest

from tests.cli.commands import Ended, Shell, apart, gco_stream
from tests.world.processes import free_ports

pytestmark = pytest.mark.process

KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
ASKING: tuple[tuple[str, ...], ...] = (
    ("endpoint", "list"),
    ("endpoint", "show", "chat"),
    ("endpoint", "stop", "chat"),
    ("endpoint", "promote", "chat"),
    ("top",),
    ("table", "describe"),
)
every_asking_command = pytest.mark.parametrize("arguments", ASKING, ids=" ".join)


def closed() -> str:
    """Where nobody listens."""
    (port,) = free_ports(1)
    return f"http://127.0.0.1:{port}"


def is_readable(ended: Ended) -> bool:
    lines = ended.told
    return ended.out == "" and 1 <= len(lines) <= 3 and all(line.startswith("gco-stream: ") for line in lines)


@every_asking_command
def test_a_table_out_of_reach_is_unknown(arguments: tuple[str, ...]) -> None:
    ended = gco_stream(*arguments, REGION="us-east-1", AWS_ENDPOINT_URL_DYNAMODB=closed(), **KEYS)

    assert ended.code == 3
    assert is_readable(ended), ended.err
    assert "hint: check the network" in ended.told[-1]


@every_asking_command
def test_no_credentials_are_unknown(arguments: tuple[str, ...]) -> None:
    ended = gco_stream(*arguments, REGION="us-east-1", AWS_ENDPOINT_URL_DYNAMODB=closed())

    assert ended.code == 3
    assert is_readable(ended), ended.err
    assert "no usable AWS credentials" in ended.told[0]
    assert "AWS_PROFILE" in ended.told[1]


@pytest.mark.parametrize("arguments", ASKING[:5], ids=" ".join)
def test_no_table_is_unknown_and_says_where_it_was_looked_for(arguments: tuple[str, ...], shell: Shell) -> None:
    ended = shell(*arguments, INFERENCE_ENDPOINTS_TABLE_NAME="nowhere", DYNAMODB_REGION="eu-west-1")

    assert ended.code == 3
    assert ended.told[0] == "gco-stream: there is no table nowhere in eu-west-1"
    assert "gco-stream table create" in ended.told[1]


@every_asking_command
def test_wrong_settings_are_all_told_and_nobody_is_asked(arguments: tuple[str, ...]) -> None:
    ended = gco_stream(*arguments, REGION="nowhere", DYNAMODB_REGION="us-east")

    assert ended.code == 2
    assert {line.split()[1] for line in ended.told} == {"REGION", "DYNAMODB_REGION"}


def test_without_any_region_that_is_said() -> None:
    ended = gco_stream("endpoint", "list")

    assert ended.code == 2
    assert ended.told == ["gco-stream: REGION is missing: is required, e.g. 'us-east-1'"]


@pytest.mark.parametrize("variable", ["REGION", "DYNAMODB_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_any_of_the_usual_variables_says_the_region(variable: str) -> None:
    ended = gco_stream("endpoint", "list", AWS_ENDPOINT_URL_DYNAMODB=closed(), **KEYS, **{variable: "eu-west-1"})

    assert ended.code == 3


@pytest.mark.parametrize(
    "broken", [{"AWS_PROFILE": "absent"}, {"AWS_ENDPOINT_URL_DYNAMODB": "no url"}], ids=["profile", "endpoint"]
)
def test_an_unusable_aws_configuration_is_wrong_usage(broken: dict[str, str]) -> None:
    ended = gco_stream("endpoint", "list", REGION="us-east-1", **{**KEYS, **broken})

    assert ended.code == 2
    assert is_readable(ended), ended.err
    assert "the AWS configuration is unusable" in ended.told[0]


def test_verbose_says_the_causes() -> None:
    ended = gco_stream("endpoint", "list", "-v", REGION="us-east-1", AWS_ENDPOINT_URL_DYNAMODB=closed(), **KEYS)

    assert ended.code == 3
    assert any(line.startswith("gco-stream: caused by EndpointConnectionError") for line in ended.told)


def test_an_output_that_is_none_is_wrong_usage() -> None:
    ended = gco_stream("endpoint", "list", "-o", "xml", REGION="us-east-1")

    assert ended.code == 2
    assert ended.told == ["gco-stream: -o is 'xml': must be 'text' or 'json' or 'yaml'"]


class TestPlan:
    def test_needs_the_controllers_settings(self) -> None:
        ended = apart("plan", WORKERS="none")

        assert ended.code == 2
        assert {line.split()[1] for line in ended.told} == {"REGION", "WORKERS"}

    def test_without_a_cluster_is_wrong_usage(self, shell: Shell, tmp_path: Path) -> None:
        ended = shell.apart("plan", KUBECONFIG=str(tmp_path / "absent"))

        assert ended.code == 2
        assert "KUBECONFIG" in ended.told[0]

    @pytest.mark.parametrize("command", ["plan", "explain chat", "endpoint hold chat"])
    def test_with_an_api_server_out_of_reach_is_unknown(self, shell: Shell, tmp_path: Path, command: str) -> None:
        shell("endpoint", "create", "chat", "--image", "a:v1")
        kubeconfig = kubeconfig_for(tmp_path, closed())

        ended = shell.apart(*command.split(), KUBECONFIG=kubeconfig)

        assert ended.code == 3
        assert is_readable(ended), ended.err
        assert "kubectl cluster-info" in ended.told[-1]

    @pytest.mark.parametrize("text", ["", "a: [1", "just text", "{}"])
    def test_with_a_broken_kubeconfig_is_told(self, shell: Shell, tmp_path: Path, text: str) -> None:
        shell("endpoint", "create", "chat", "--image", "a:v1")
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(text)

        ended = shell.apart("plan", KUBECONFIG=str(kubeconfig))

        assert ended.code == 2
        assert is_readable(ended), ended.err

    def test_of_an_endpoint_that_is_not_there_is_no(self, shell: Shell) -> None:
        ended = shell.apart("plan", "absent")

        assert ended.code == 1
        assert ended.told[0] == "gco-stream: there is no endpoint absent"


def kubeconfig_for(folder: Path, server: str) -> str:
    path = folder / "kubeconfig"
    path.write_text(
        f"""
apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "{server}"}}}}]
users: [{{name: u, user: {{token: t}}}}]
contexts: [{{name: x, context: {{cluster: c, user: u}}}}]
current-context: x
"""
    )
    return str(path)
