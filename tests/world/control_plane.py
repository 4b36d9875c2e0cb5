"""The control plane: etcd, the three Kubernetes servers, and kwok, which plays all kubelets."""

import base64
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.world.kubernetes import open_session
from tests.world.parts import Parts
from tests.world.processes import Processes, accepts_connections, free_ports
from tests.world.stages import pod_stages

_LOAD_BALANCED = (("networking.k8s.io", "ingresses"), ("", "services"))
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "RequestResponse",
            "verbs": ["get", "create", "update", "patch", "delete", "deletecollection"],
            "resources": [{"group": group, "resources": [name, f"{name}/*"]} for group, name in _LOAD_BALANCED],
            "omitManagedFields": True,
        },
        {"level": "Metadata"},
    ],
}
"""Of what a load balancer is made from, every version is kept: tests look at each instant that ever was."""
UNTHROTTLED = ("--kube-api-qps=1000", "--kube-api-burst=2000")
"""The servers' own default, 20 requests a second, is slower than what is tested here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """A control plane that answers."""

    server: str
    token: str
    """Of a user who may do everything (group system:masters)."""
    certificate: Path
    audit_log: Path
    """JSON lines (audit.k8s.io/v1 Event), one per request that was answered.

    At level Metadata; what was asked of single Ingresses and Services comes with the object as it was answered.
    """

    def kubeconfig(self, token: str) -> str:
        """A kubeconfig file for whoever has that token."""
        # JSON is YAML.
        authority = base64.b64encode(self.certificate.read_bytes()).decode()
        cluster = {"server": self.server, "certificate-authority-data": authority}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "world", "cluster": cluster}],
            "users": [{"name": "world", "user": {"token": token}}],
            "contexts": [{"name": "world", "context": {"cluster": "world", "user": "world"}}],
            "current-context": "world",
        }
        return json.dumps(content, indent=2)


async def start_control_plane(processes: Processes, parts: Parts) -> ControlPlane:
    """Start everything in order, and return once the API server is ready and the rest is started."""
    folder = processes.folder
    etcd_port, peer_port, api_port = free_ports(3)
    plane = ControlPlane(
        server=f"https://127.0.0.1:{api_port}",
        token=secrets.token_hex(16),
        certificate=folder / "certificates" / "apiserver.crt",
        audit_log=folder / "audit.log",
    )
    _write_inputs(folder, plane.token)
    await _start_etcd(processes, parts, etcd_port, peer_port)
    await _start_api_server(processes, parts, plane, etcd_port)
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(plane.kubeconfig(plane.token))
    _start_controllers(processes, parts, plane, kubeconfig)
    _start_kwok(processes, parts, kubeconfig)
    return plane


def _write_inputs(folder: Path, token: str) -> None:
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    (folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
    (folder / "service-accounts.key").write_text(_new_signing_key())
    (folder / "pod-stages.yaml").write_text(pod_stages())


async def _start_etcd(processes: Processes, parts: Parts, port: int, peer_port: int) -> None:
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    etcd = processes.start(
        "etcd",
        [
            *(parts.programs["etcd"], "--data-dir=etcd", "--unsafe-no-fsync"),
            *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
            *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
            f"--initial-cluster=default={peer}",
        ],
    )
    await etcd.until(accepts_connections(port))


async def _start_api_server(processes: Processes, parts: Parts, plane: ControlPlane, etcd_port: int) -> None:
    api_server = processes.start(
        "kube-apiserver",
        [
            parts.programs["kube-apiserver"],
            f"--etcd-servers=http://127.0.0.1:{etcd_port}",
            *("--bind-address=127.0.0.1", f"--secure-port={plane.server.rsplit(':', 1)[1]}"),
            *("--cert-dir=certificates", "--service-cluster-ip-range=10.0.0.0/16"),
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=service-accounts.key",
            "--service-account-signing-key-file=service-accounts.key",
            *("--authorization-mode=RBAC", "--token-auth-file=tokens.csv"),
            *("--audit-policy-file=audit-policy.json", f"--audit-log-path={plane.audit_log}"),
            "--endpoint-reconciler-type=none",
        ],
    )

    async def ready() -> bool:
        if not plane.certificate.exists():
            return False
        try:
            async with (
                open_session(plane.server, plane.token, plane.certificate) as session,
                session.get("/readyz") as answer,
            ):
                return answer.status == 200
        # The certificate may be half written, the port not open yet.
        except (aiohttp.ClientError, OSError):
            return False

    await api_server.until(ready)


def _start_controllers(processes: Processes, parts: Parts, plane: ControlPlane, kubeconfig: Path) -> None:
    common = (f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0")
    processes.start(
        "kube-controller-manager",
        [
            *(parts.programs["kube-controller-manager"], *common, *UNTHROTTLED),
            "--service-account-private-key-file=service-accounts.key",
            f"--root-ca-file={plane.certificate}",
            *("--concurrent-deployment-syncs=20", "--concurrent-replicaset-syncs=20"),
            # 15 s by default, which is also how long a new autoscaler is not looked at.
            "--horizontal-pod-autoscaler-sync-period=2s",
        ],
    )
    processes.start("kube-scheduler", [parts.programs["kube-scheduler"], *common, *UNTHROTTLED])


def _start_kwok(processes: Processes, parts: Parts, kubeconfig: Path) -> None:
    stages = [*parts.kwok_stages, processes.folder / "pod-stages.yaml"]
    processes.start(
        "kwok",
        [
            *(parts.programs["kwok"], f"--kubeconfig={kubeconfig}"),
            *("--manage-all-nodes=true", "--node-lease-duration-seconds=40"),
            "--cidr=10.128.0.1/16",
            *(f"--config={stage}" for stage in stages),
        ],
    )


def _new_signing_key() -> str:
    """A new P-256 private key as PEM (RFC 5915 without the public half, which Go works out)."""
    # The top bit cleared keeps the number below the curve's order.
    number = bytes([secrets.randbelow(0x7F) + 1]) + secrets.token_bytes(31)
    curve = bytes.fromhex("a00a06082a8648ce3d030107")
    der = bytes.fromhex("3031020101" + "0420") + number + curve
    body = base64.b64encode(der).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{body}\n-----END EC PRIVATE KEY-----\n"
