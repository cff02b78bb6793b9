"""A deployment as a cluster would run it: KServe's InferenceService, and a plain Deployment with its Service.

Both run the image that an export's Dockerfile makes: one model, POST /invocations and GET /ping on one port.

    here                        KServe                              Kubernetes
    version                     custom predictor's image            Deployment's image
    replicas, idle_s            minReplicas (0 if it may sleep)     replicas
    canary, percent             canaryTrafficPercent                a second Deployment under the same Service
    memory_bytes, request_s     resources, timeout                  resources, terminationGracePeriodSeconds
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jupyter_kronkers.serving.gateway.routes import ServingLimits

PORT = 8080
USER = 10_001
RUNNER_BYTES = 256 << 20
"""What the process around the model takes beside it."""

LEAVE_S = 5
"""A pod answers on for so long after it was told to end: until every node has heard that it gets no more requests."""

KINDS = ("kserve", "kubernetes")
Object = dict[str, object]


@dataclass(frozen=True)
class Served:
    """A version in an image. `digest` is the SHA-256 of its signed manifest."""

    model: str
    number: int
    digest: str
    image: str


@dataclass(frozen=True)
class Plan:
    """What the cluster should run. `percent` of the requests are for the canary."""

    name: str
    stable: Served
    replicas: int = 1
    limits: ServingLimits = field(default_factory=ServingLimits)
    canary: Served | None = None
    percent: float = 0.0


def written(plan: Plan, kinds: Iterable[str] = KINDS) -> str:
    """The objects as YAML, each kind with a line on how it is applied."""
    from yaml import safe_dump  # type: ignore[import-untyped]

    makers = {"kserve": (HOW_KSERVE, kserve), "kubernetes": (HOW_PLAIN, plain)}
    parts: list[str] = []
    for kind in kinds:
        how, make = makers[kind]
        objects = make(plan)
        text = "---\n".join(str(safe_dump(one, sort_keys=False, allow_unicode=True)) for one in objects)
        parts.append(f"# {how}\n{share_words(plan, kind)}{text}")
    return "---\n".join(parts)


HOW_KSERVE = "Where KServe is (this alone: deployments manifest --kind kserve | kubectl apply -f -)"
HOW_PLAIN = "Kubernetes without KServe (this alone: deployments manifest --kind kubernetes | kubectl apply -f -)"
CANARY_KSERVE = "# The share is of this version; the rest goes to the one that was ready before, so apply {} first.\n"
CANARY_PLAIN = "# The canary is {} of {} pods and gets about {:.0%} of the requests; {:g} % were wished.\n"


def share_words(plan: Plan, kind: str) -> str:
    """What a cluster makes of the canary's share, as a comment."""
    if plan.canary is None:
        return ""
    if kind == "kserve":
        return CANARY_KSERVE.format(plan.stable.image)
    stable, canary = pods(plan)
    return CANARY_PLAIN.format(canary, stable + canary, canary / (stable + canary), plan.percent)


def pods(plan: Plan) -> tuple[int, int]:
    """How many of the version, and how many of its canary."""
    canary = max(1, round(plan.replicas * plan.percent / 100)) if plan.canary else 0
    return max(1, plan.replicas - canary), canary


# KServe


def kserve(plan: Plan) -> list[Object]:
    """One InferenceService (serving.kserve.io/v1beta1) with a custom predictor."""
    chosen = plan.canary or plan.stable
    predictor: Object = {
        "minReplicas": 0 if plan.limits.idle_s else plan.replicas,
        "maxReplicas": plan.replicas,
        "timeout": math.ceil(plan.limits.request_s),
        **({"canaryTrafficPercent": round(plan.percent)} if plan.canary else {}),
        **pod(plan, chosen, "kserve-container"),
    }
    head = metadata(plan, chosen, object_name(plan.name))
    return [{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": head,
             "spec": {"predictor": predictor}}]  # fmt: skip


# Plain Kubernetes


def plain(plan: Plan) -> list[Object]:
    """A Deployment for each version, and one Service before them, which shares by the number of pods."""
    name = object_name(plan.name)
    stable, canary = pods(plan)
    found = [deployment(plan, plan.stable, name, stable)]
    if plan.canary:
        found.append(deployment(plan, plan.canary, f"{name}-canary", canary))
    return [*found, service(plan, name)]


def deployment(plan: Plan, served: Served, name: str, replicas: int) -> Object:
    selected = {"app.kubernetes.io/name": object_name(plan.name), "app.kubernetes.io/instance": name}
    about = metadata(plan, served, name)
    template: Object = {
        "metadata": {"labels": {**labels(plan, served), **selected}, "annotations": notes(served)},
        "spec": {
            "terminationGracePeriodSeconds": LEAVE_S + math.ceil(plan.limits.request_s) + 5,
            **pod(plan, served, "model"),
        },
    }
    spec: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": selected},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": template,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": about, "spec": spec}


def service(plan: Plan, name: str) -> Object:
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    about = {"name": name, "labels": {"app.kubernetes.io/name": name}}
    spec: Object = {"selector": {"app.kubernetes.io/name": name}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": spec}


# What both have


def metadata(plan: Plan, served: Served, name: str) -> Object:
    return {"name": name, "labels": labels(plan, served), "annotations": notes(served)}


def labels(plan: Plan, served: Served) -> Mapping[str, str]:
    return {
        "app.kubernetes.io/name": object_name(plan.name),
        "app.kubernetes.io/version": str(served.number),
        "app.kubernetes.io/managed-by": "kronkers",
        "kronkers/model": object_name(served.model),
    }


def notes(served: Served) -> Mapping[str, str]:
    return {
        "kronkers/model": served.model,
        "kronkers/version": str(served.number),
        "kronkers/digest": f"sha256:{served.digest}",
    }


def pod(plan: Plan, served: Served, container: str) -> Object:
    """A pod that may do nothing but answer: no root, no writing outside /tmp, no token of the cluster."""
    return {
        "automountServiceAccountToken": False,
        "containers": [one_container(plan, served, container)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": quantity(4 * plan.limits.file_bytes)}}],
    }


def one_container(plan: Plan, served: Served, name: str) -> Object:
    memory = quantity(plan.limits.memory_bytes + RUNNER_BYTES)
    return {
        "name": name,
        "image": served.image,
        "ports": [{"name": "http" if name == "model" else "http1", "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "250m", "memory": memory}, "limits": {"cpu": "1", "memory": memory}},
        # All of it at the container: Knative, below KServe, refuses most of it at the pod.
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "readinessProbe": {**probe(), "periodSeconds": 5, "failureThreshold": 3},
        **(life(plan) if name == "model" else life_in_knative(plan)),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's own
    }


def life(plan: Plan) -> Object:
    """How long a pod may take to start, when it is replaced, and how it leaves."""
    starts = max(3, math.ceil(plan.limits.start_s / 5))
    return {
        "startupProbe": {**probe(), "periodSeconds": 5, "failureThreshold": starts},
        "livenessProbe": {**probe(), "periodSeconds": 10, "failureThreshold": 3},
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(LEAVE_S)]}}},
    }


def life_in_knative(plan: Plan) -> Object:
    """The same as far as Knative takes it, which drains pods itself and, for long, had no startupProbe."""
    start_s = math.ceil(plan.limits.start_s)
    return {"livenessProbe": {**probe(), "initialDelaySeconds": start_s, "periodSeconds": 10, "failureThreshold": 3}}


def probe() -> Object:
    return {"httpGet": {"path": "/ping", "port": PORT}, "timeoutSeconds": 3}


# Spelling


def object_name(name: str) -> str:
    """A name as Kubernetes allows it: small letters, digits and hyphens, beginning with a letter."""
    plain_name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (plain_name if plain_name[:1].isalpha() else f"m-{plain_name}")[:52].rstrip("-")


def quantity(size_bytes: int) -> str:
    """Bytes as Kubernetes writes them, rounded up to whole mebibytes."""
    return f"{math.ceil(size_bytes / (1 << 20))}Mi"


def image_of(model: str, number: int, image: str = "") -> str:
    """`image` as it is if it has a tag or a digest, else with the number as its tag; without one, model and number."""
    if not image:
        return f"{model}:{number}"
    return image if has_tag(image) else f"{image}:{number}"


def has_tag(image: str) -> bool:
    return "@" in image or ":" in image.rpartition("/")[2]
