"""The route table. It is the policy and the OpenAPI document too: what is not in it does not exist and is refused.

A template's `{name}` is one segment, `{name...}` is the rest of the path. `scope` is the least that the caller must
have been given; ANYONE is for every principal that is known at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from jupyter_kronkers.api import (
    aliases,
    calls,
    deployments,
    examples,
    health,
    kernels,
    languages,
    me,
    models,
    notebooks,
    openapi,
    predictions,
    tokens,
    traffic,
    uploads,
    versions,
)
from jupyter_kronkers.api.decoding import Nothing, decoded
from jupyter_kronkers.api.problems import Refusal
from jupyter_kronkers.api.wire import Page, PageQuery, WhyQuery

ANYONE = "anyone"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Route:
    """One row.

    operation: `(rooms, call) -> answer`; for `here` routes `async (desk, call) -> answer`.
    here: answered by the user's own Jupyter Server, even if another process owns the data folder.
    repeatable: takes an Idempotency-Key. tagged: the answer's revision is its ETag. streams: the body goes to disk.
    """

    method: str
    template: str
    scope: str
    operation: Callable[..., Any]
    answer: Any = None
    body: type[msgspec.Struct] = Nothing
    query: type[msgspec.Struct] = Nothing
    status: int = 200
    here: bool = False
    repeatable: bool = False
    tagged: bool = False
    streams: bool = False
    segments: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", tuple(self.template.strip("/").split("/")))

    def fits(self, segments: list[str]) -> Mapping[str, str] | None:
        """The decoded names of a path, or None if it is another route's."""
        if self.segments[-1].endswith("...}"):
            head, tail = segments[: len(self.segments) - 1], segments[len(self.segments) - 1 :]
            segments = [*head, "/".join(tail)] if tail else head
        if len(segments) != len(self.segments):
            return None
        if any(ours != theirs for ours, theirs in zip(self.segments, segments, strict=True) if ours[0] != "{"):
            return None
        pairs = zip(self.segments, segments, strict=True)
        return {ours.strip("{.}"): decoded(theirs) for ours, theirs in pairs if ours[0] == "{"}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/models", "read", models.list_models, Page[models.Model], query=models.ModelQuery),
    Route("POST", "/models", "write", models.create_model, models.Model, models.NewModel, status=201, repeatable=True,
          tagged=True),
    Route("GET", "/models/{model}", "read", models.show_model, models.Model, tagged=True),
    Route("PATCH", "/models/{model}", "write", models.change_model, models.Model, models.ModelChange, tagged=True),
    Route("DELETE", "/models/{model}", "write", models.archive_model, status=204),
    Route("GET", "/models/{model}/versions", "read", versions.list_versions, Page[versions.Version], query=PageQuery),
    Route("POST", "/models/{model}/versions", "write", versions.register_version, versions.Version,
          versions.NewVersion, status=201, repeatable=True),
    Route("GET", "/models/{model}/versions/{version}", "read", versions.show_version, versions.Version),
    Route("GET", "/models/{model}/versions/{version}/diff/{other}", "read", versions.show_diff, versions.Diff),
    Route("GET", "/models/{model}/versions/{version}/example", "read", examples.show_version_example,
          examples.VersionExample),
    Route("GET", "/models/{model}/versions/{version}/notebook", "read", notebooks.show_version_notebook,
          notebooks.VersionNotebook),
    Route("GET", "/models/{model}/aliases", "read", aliases.list_aliases, aliases.Aliases),
    Route("GET", "/models/{model}/aliases/{alias}", "read", aliases.show_alias, aliases.Alias, tagged=True),
    Route("GET", "/models/{model}/aliases/{alias}/at/{moment}", "read", aliases.show_alias_then, aliases.AliasThen),
    Route("PUT", "/models/{model}/aliases/{alias}", "write", aliases.move_alias, aliases.Alias, aliases.AliasTarget,
          tagged=True),
    Route("DELETE", "/models/{model}/aliases/{alias}", "write", aliases.unset_alias, query=WhyQuery, status=204),
    Route("GET", "/models/{model}/history", "read", aliases.show_history, Page[aliases.AliasMove],
          query=aliases.HistoryQuery),
    Route("POST", "/uploads", "write", uploads.open_upload, uploads.Upload, status=201, repeatable=True),
    Route("PUT", "/uploads/{upload}/files/{path...}", "write", uploads.write_file, uploads.UploadedFile,
          query=uploads.FileQuery, streams=True),
    Route("DELETE", "/uploads/{upload}", "write", uploads.drop_upload, status=204),
    Route("GET", "/deployments", "read", deployments.list_deployments, deployments.DeploymentList),
    Route("POST", "/deployments", "deploy", deployments.create_deployment, deployments.Deployment,
          deployments.NewDeployment, status=201, repeatable=True, tagged=True),
    Route("GET", "/deployments/{deployment}", "read", deployments.show_deployment, deployments.Deployment,
          tagged=True),
    Route("PATCH", "/deployments/{deployment}", "deploy", deployments.change_deployment, deployments.Deployment,
          deployments.DeploymentChange, tagged=True),
    Route("DELETE", "/deployments/{deployment}", "deploy", deployments.delete_deployment, status=204),
    Route("GET", "/deployments/{deployment}/replicas", "read", deployments.list_replicas, deployments.ReplicaList),
    Route("POST", "/deployments/{deployment}/promote", "deploy", deployments.promote, deployments.Deployment,
          deployments.Why, repeatable=True, tagged=True),
    Route("POST", "/deployments/{deployment}/rollback", "deploy", deployments.roll_back, deployments.Deployment,
          deployments.Why, repeatable=True, tagged=True),
    Route("GET", "/deployments/{deployment}/log", "read", deployments.show_log, deployments.Log,
          query=deployments.LogQuery),
    Route("GET", "/deployments/{deployment}/history", "read", deployments.show_decisions,
          deployments.DeploymentHistory),
    Route("GET", "/deployments/{deployment}/example", "read", examples.show_deployment_example,
          examples.DeploymentExample),
    Route("GET", "/deployments/{deployment}/calls", "read", calls.list_calls, calls.CallSnippets,
          query=calls.CallQuery),
    Route("POST", "/deployments/{deployment}/predictions", "read", predictions.try_out, predictions.Tried,
          predictions.NewPrediction),
    Route("GET", "/deployments/{deployment}/traffic", "read", traffic.show_traffic, traffic.Traffic,
          query=traffic.TrafficQuery),
    Route("GET", "/kernels/{kernel}/candidates", "write", kernels.list_candidates, kernels.Candidates, here=True),
    Route("POST", "/kernels/{kernel}/preview", "write", kernels.preview, kernels.Preview, kernels.NewPreview,
          here=True),
    Route("POST", "/kernels/{kernel}/captures", "write", kernels.capture, versions.Version, kernels.NewCapture,
          status=201, here=True),
    Route("GET", "/languages", "read", languages.list_languages, languages.Languages),
    Route("GET", "/tokens", "read", tokens.list_tokens, tokens.TokenList),
    Route("POST", "/tokens", "read", tokens.create_token, tokens.CreatedToken, tokens.NewToken, status=201),
    Route("DELETE", "/tokens/{token}", "read", tokens.revoke_token, status=204),
    Route("GET", "/me", ANYONE, me.show_me, me.Me),
    Route("GET", "/health/live", ANYONE, health.live, health.Live),
    Route("GET", "/health/ready", ANYONE, health.ready, health.Ready),
    Route("GET", "/openapi.json", ANYONE, openapi.show_document, dict[str, Any]),
)  # fmt: skip


def find(method: str, path: str, routes: tuple[Route, ...] = ROUTES) -> tuple[Route, Mapping[str, str]]:
    """The route of a request and the names in its path, decoded once.

    Raises Refusal: 404 for a path that is not spelled canonically, 405 with Allow, 403 for what nobody declared.
    """
    segments = path.removeprefix("/").split("/")
    if "" in segments:
        raise Refusal(404, "not_found", "Spell the path without empty parts and without a slash at its end.")
    fitting = [(route, names) for route in routes if (names := route.fits(segments)) is not None]
    for route, names in fitting:
        if route.method == method:
            return route, names
    if fitting:
        allowed = ", ".join(sorted({route.method for route, _ in fitting}))
        raise Refusal(405, "method_not_allowed", f"Use {allowed} here.", Allow=allowed)
    raise Refusal(403, "undeclared", "There is no such route; only what is in openapi.json is allowed.")
