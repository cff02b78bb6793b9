"""Manifests say what the deployment says, in the words of KServe and Kubernetes."""

from __future__ import annotations

import pytest
import yaml

from jupyter_kronkers.serving.gateway.routes import ServingLimits
from jupyter_kronkers.serving.kubernetes import Plan, Served, image_of, kserve, object_name, plain, written

DIGEST = "ab" * 32
STABLE = Served("bike-demand", 3, DIGEST, "bike-demand:3")
CANARY = Served("bike-demand", 4, "cd" * 32, "bike-demand:4")
PLAN = Plan("bikes", STABLE, replicas=2, limits=ServingLimits(memory_bytes=1 << 30, request_s=12.5))


def container(pod: dict) -> dict:
    [found] = pod["containers"]
    return found


def test_both_kinds_are_printed_as_one_file():
    kinds = [one["kind"] for one in yaml.safe_load_all(written(PLAN))]
    assert kinds == ["InferenceService", "Deployment", "Service"]
    assert [one["kind"] for one in yaml.safe_load_all(written(PLAN, ["kserve"]))] == ["InferenceService"]


def test_an_inference_service_has_the_fields_of_v1beta1():
    """The names of KServe's CRD serving.kserve.io/v1beta1, as its Python SDK 0.21 lists them."""
    [service] = kserve(PLAN)
    assert (service["apiVersion"], service["metadata"]["name"]) == ("serving.kserve.io/v1beta1", "bikes")
    predictor = service["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"], predictor["timeout"]) == (2, 2, 13)
    assert "canaryTrafficPercent" not in predictor
    assert (container(predictor)["name"], container(predictor)["image"]) == ("kserve-container", "bike-demand:3")
    assert service["metadata"]["annotations"]["kronkers/digest"] == f"sha256:{DIGEST}"


def test_a_deployment_that_may_sleep_scales_to_none():
    [service] = kserve(Plan("bikes", STABLE, replicas=3, limits=ServingLimits(idle_s=600)))
    assert service["spec"]["predictor"]["minReplicas"] == 0
    assert service["spec"]["predictor"]["maxReplicas"] == 3


def test_a_canary_gets_its_share_of_traffic():
    plan = Plan("bikes", STABLE, canary=CANARY, percent=10.0)
    [service] = kserve(plan)
    assert service["spec"]["predictor"]["canaryTrafficPercent"] == 10
    assert container(service["spec"]["predictor"])["image"] == "bike-demand:4"
    assert "apply bike-demand:3 first" in written(plan)


def test_a_canary_without_kserve_is_a_second_deployment_under_the_same_service():
    plan = Plan("bikes", STABLE, replicas=4, canary=CANARY, percent=25.0)
    stable, canary, service = plain(plan)
    assert [one["spec"]["replicas"] for one in (stable, canary)] == [3, 1]
    for one in (stable, canary):
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert one["spec"]["selector"]["matchLabels"].items() <= labels.items()
        assert service["spec"]["selector"].items() <= labels.items()
    assert stable["spec"]["selector"] != canary["spec"]["selector"]


def test_limits_are_the_deployments():
    [deployment, _] = plain(PLAN)
    spec = deployment["spec"]["template"]["spec"]
    assert container(spec)["resources"]["limits"] == {"cpu": "1", "memory": "1280Mi"}
    assert spec["terminationGracePeriodSeconds"] == 23


def test_a_pod_that_leaves_answers_until_nobody_asks_it_and_one_that_hangs_gets_nothing_soon():
    [deployment, _] = plain(PLAN)
    pod = container(deployment["spec"]["template"]["spec"])
    assert pod["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
    assert pod["readinessProbe"]["periodSeconds"] * pod["readinessProbe"]["failureThreshold"] == 15
    assert pod["startupProbe"]["periodSeconds"] * pod["startupProbe"]["failureThreshold"] == 60


def test_knative_takes_all_that_kserve_hands_on():
    """Knative refuses these unless its operator allows them: pod-level securityContext, lifecycle, startupProbe."""
    predictor = kserve(PLAN)[0]["spec"]["predictor"]
    assert "securityContext" not in predictor
    assert not {"lifecycle", "startupProbe"} & container(predictor).keys()


def test_a_share_that_pods_cannot_make_is_told():
    text = written(Plan("bikes", STABLE, replicas=1, canary=CANARY, percent=10.0), ["kubernetes"])
    assert "# The canary is 1 of 2 pods and gets about 50% of the requests; 10 % were wished." in text


@pytest.mark.parametrize("pod", [kserve(PLAN)[0]["spec"]["predictor"], plain(PLAN)[0]["spec"]["template"]["spec"]])
def test_a_pod_may_do_nothing_but_answer(pod):
    """What the profile `restricted` of Kubernetes' Pod Security Standards asks for, and a file system to read only."""
    own = container(pod)["securityContext"]
    assert own == {
        "runAsNonRoot": True,
        "runAsUser": 10_001,
        "runAsGroup": 10_001,
        "seccompProfile": {"type": "RuntimeDefault"},
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container(pod)["volumeMounts"]] == ["/tmp"]
    assert container(pod)["readinessProbe"]["httpGet"]["path"] == "/ping"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("bikes", "bikes"), ("bike.demand_2", "bike-demand-2"), ("2024-rides", "m-2024-rides"), ("a" * 63, "a" * 52)],
)
def test_names_are_as_kubernetes_allows_them(name, expected):
    assert object_name(name) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("", "bikes:3"),
        ("example.org:5000/team/bikes", "example.org:5000/team/bikes:3"),
        ("example.org/bikes:blue", "example.org/bikes:blue"),
    ],
)
def test_an_image_without_a_tag_gets_the_versions_number(image, expected):
    assert image_of("bikes", 3, image) == expected
