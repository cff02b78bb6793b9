"""Observing: what the gateways said of themselves last, and what that makes of a wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from jupyter_kronkers.serving.gateway.states import DeploymentState, State
from jupyter_kronkers.serving.wishes import STOPPED, Deployment, Replica, Wish

NOT_SERVED = "Nothing serves it now."
HOW_TO_SERVE = "Start JupyterLab, or: jupyter kronkers serve"


class Observed:
    """The last state heard; None while there is no gateway."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._by_name: Mapping[str, DeploymentState] = {}

    def hear(self, state: State | None) -> Sequence[DeploymentState]:
        """Remember it. Returns the deployments whose state is another than before."""
        before = self._by_name
        self._state = state
        self._by_name = {deployment.name: deployment for deployment in state.deployments} if state else {}
        return [one for name, one in self._by_name.items() if name not in before or before[name].state != one.state]

    @property
    def any(self) -> bool:
        """Whether a gateway serves anything."""
        return bool(self._by_name)

    def seen(self, name: str) -> DeploymentState | None:
        return self._by_name.get(name)

    def replicas(self, name: str) -> Sequence[Replica]:
        seen = self.seen(name)
        return [
            Replica(
                pid=replica.pid or None,
                version=replica.number,
                state=replica.state,
                started_at=datetime.fromtimestamp(replica.started_at, UTC),
                answered=replica.answered,
                warm=replica.warm,
                role=replica.role,
                memory_bytes=replica.memory_bytes,
            )
            for replica in (seen.replicas if seen else ())
        ]

    def state_of(self, wish: Wish) -> str:
        """Its state in a word, whatever its alias may name by now."""
        if wish.wanted == STOPPED or self._state is None:
            return "stopped"
        seen = self.seen(wish.name)
        return seen.state if seen else "starting"

    def described(self, wish: Wish, follows: int | None) -> Deployment:
        """The wish and how it stands; `follows` is the version that it means now."""
        state, reason, remedy = self._standing(wish, follows)
        seen = self.seen(wish.name) if state != STOPPED else None
        return Deployment(
            **wish.__dict__,
            state=state,
            reason=reason,
            remedy=remedy,
            follows=follows,
            live=seen.number if seen else None,
            canary_state=seen.canary if seen else None,
            shadow_state=seen.shadow if seen else None,
            memory_bytes=sum(replica.memory_bytes for replica in seen.replicas) if seen else 0,
        )

    def _standing(self, wish: Wish, follows: int | None) -> tuple[str, str, str]:
        """State, reason and remedy, as the gateway said or as it will soon say."""
        if wish.wanted == STOPPED:
            return "stopped", "", ""
        if follows is None:
            return "failed", f"{wish.model} has no alias {wish.alias}.", "Set the alias, or serve another."
        if self._state is None:
            return "stopped", NOT_SERVED, HOW_TO_SERVE
        seen = self.seen(wish.name)
        if seen is None:
            return "starting", "", ""
        if seen.wanted != follows:
            return ("swapping" if seen.number else "starting"), "", ""
        return seen.state, seen.reason, seen.remedy
