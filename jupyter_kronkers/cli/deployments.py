"""`jupyter kronkers deployments …`"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import click

from jupyter_kronkers.cli.output import print_facts, print_json, print_table
from jupyter_kronkers.cli.settings import Settings, as_json, say

if TYPE_CHECKING:
    from jupyter_kronkers.api.deployments import Deployment
    from jupyter_kronkers.api.versions import Version
    from jupyter_kronkers.serving.kubernetes import Served

LIMITS = """What it may use; repeatable. memory_bytes (2GiB) of one process, start_s, request_s of one predict, wait_s
of one request in all, queue: requests that wait, queue_s: and how long, rows of one request, idle_s: without a request
for this long its processes end until the next one (0: never), network (yes or no), file_bytes, open_files."""


class Which(click.ParamType[int | str]):
    """A version's number, or an alias."""

    name = "version|alias"

    def convert(self, value: Any, _param: click.Parameter | None, _context: click.Context | None) -> int | str:
        return int(value) if str(value).isdecimal() else str(value)


class Limit(click.ParamType[tuple[str, float | bool]]):
    """NAME=VALUE, where the value is a number, a size such as 2GiB, yes or no."""

    name = "limit"
    words: ClassVar = {"yes": True, "true": True, "no": False, "false": False}

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> tuple[str, float | bool]:
        from jupyter_kronkers.control.memory import bytes_of
        from jupyter_kronkers.errors import Invalid

        limit, _, said = str(value).partition("=")
        if said in self.words:
            return limit, self.words[said]
        try:
            number = float(said)
            return limit, int(number) if number.is_integer() else number
        except ValueError:
            pass
        try:
            return limit, bytes_of(said or "nothing")
        except Invalid:
            self.fail(f"{value!r} is no NAME=VALUE with a number, a size such as 2GiB, yes or no.", param, context)


WHICH, LIMIT = Which(), Limit()

alias = click.option("--alias", help="Serve what this alias of the model names, and follow it.")
version = click.option("--version", type=click.IntRange(min=1), help="Serve this version for good.")
why = click.option("--why", default="", help="The reason, kept in the history.")
wait = click.option("--wait", "wait_s", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
                    help="Wait until it is ready, at most this long.")  # fmt: skip
spares = click.option("--spares", type=click.IntRange(0, 8), help="How many more stand by, and take over at once.")
canary = click.option("--canary", type=WHICH, help="Another version (number or alias) that gets a share of requests.")
percent = click.option("--percent", type=click.FloatRange(0, 100), help="The canary's share of the requests.")
shadow = click.option("--shadow", type=WHICH, help="Another version that gets copies; its answers are only compared.")
limit = click.option("--limit", "limits", type=LIMIT, multiple=True, metavar="NAME=VALUE", help=LIMITS)
name = click.argument("name")


@click.group(short_help="What is served.")
def deployments() -> None:
    """Deployments: models that answer applications in real time."""


@deployments.command("list")
@as_json
@click.pass_obj
def list_(settings: Settings, *, as_json: bool) -> None:
    """All deployments, by name."""
    with settings.client() as client:
        found = client.deployments()
    if as_json:
        return print_json(found)
    titles = ("name", "state", "model", "follows", "serving", "replicas", "url", "reason")
    rows = [
        (d.name, d.state, d.model, d.alias or f"version {d.version}", d.live, d.replicas, d.url, d.reason)
        for d in found
    ]
    return print_table(titles, rows, none="Nothing is deployed.")


@deployments.command()
@name
@as_json
@click.pass_obj
def show(settings: Settings, *, name: str, as_json: bool) -> None:
    """One deployment, its processes and its history."""
    with settings.client() as client:
        found, replicas, moves = client.deployment(name), client.replicas(name), client.deployment_history(name)
    if as_json:
        return print_json({"deployment": found, "replicas": replicas.items, "history": moves.items})
    tell(found, as_json=False)
    click.echo()
    processes = [(r.pid, r.version, r.role, r.state, size(r.memory_bytes), r.started_at) for r in replicas.items]
    print_table(("pid", "version", "for", "state", "memory", "since"), processes, none="No process serves it.")
    click.echo()
    history = [(move.at, move.action, move.before, move.after, move.by, move.why) for move in moves.items]
    return print_table(("when", "what", "from", "to", "by", "why"), history, none="Nothing was decided yet.")


@deployments.command()
@name
@click.argument("model")
@alias
@version
@click.option("--replicas", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes answer.")
@spares
@canary
@percent
@shadow
@limit
@click.option("--note", default="", help="What it is for.")
@wait
@as_json
@click.pass_obj
def create(settings: Settings, /, *, name: str, model: str, wait_s: float, as_json: bool, **said: Any) -> None:
    """Serve MODEL under NAME: what the alias champion names, unless you say otherwise."""
    from jupyter_kronkers.api.deployments import NewDeployment

    wish = NewDeployment(name=name, model=model, **given(said))
    with settings.client() as client:
        found = client.deploy(wish)
        if wait_s:
            say(f"Waiting for {name} …")
            found = client.settled(name, wait_s)
    tell(found, as_json=as_json)


@deployments.command()
@name
@alias
@version
@click.option("--replicas", type=click.IntRange(1, 64), help="How many processes answer.")
@spares
@canary
@percent
@click.option("--no-canary", is_flag=True, help="All requests go to the live version again.")
@shadow
@click.option("--no-shadow", is_flag=True, help="Nothing is copied any more.")
@limit
@click.option("--note", help="What it is for.")
@wait
@as_json
@click.pass_obj
def update(
    settings: Settings, /, *, name: str, no_canary: bool, no_shadow: bool, wait_s: float, as_json: bool, **said: Any
) -> None:
    """Follow another alias, pin another version, change replicas, spares, shares or limits."""
    from jupyter_kronkers.api.deployments import DeploymentChange

    changed = given(said) | ({"canary": None} if no_canary else {}) | ({"shadow": None} if no_shadow else {})
    if not changed:
        raise click.UsageError("Say what to change: --alias, --version, --replicas, --canary, --limit …; see --help.")
    with settings.client() as client:
        found = client.change_deployment(name, DeploymentChange(**changed))
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@why
@wait
@as_json
@click.pass_obj
def promote(settings: Settings, *, name: str, why: str, wait_s: float, as_json: bool) -> None:
    """Make the canary the live version, in one step."""
    with settings.client() as client:
        found = client.promote(name, why=why)
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@why
@wait
@as_json
@click.pass_obj
def rollback(settings: Settings, *, name: str, why: str, wait_s: float, as_json: bool) -> None:
    """Bring the version before back."""
    with settings.client() as client:
        found = client.roll_back(name, why=why)
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@as_json
@click.pass_obj
def stop(settings: Settings, *, name: str, as_json: bool) -> None:
    """End its processes; it stays, and can be started again."""
    with settings.client() as client:
        tell(client.set_wanted(name, "stopped"), as_json=as_json)


@deployments.command()
@name
@wait
@as_json
@click.pass_obj
def start(settings: Settings, *, name: str, wait_s: float, as_json: bool) -> None:
    """Serve it again."""
    with settings.client() as client:
        found = client.set_wanted(name, "serving")
        found = client.settled(name, wait_s) if wait_s else found
    tell(found, as_json=as_json)


@deployments.command()
@name
@click.pass_obj
def delete(settings: Settings, *, name: str) -> None:
    """End it for good. Its history stays."""
    with settings.client() as client:
        client.delete_deployment(name)


@deployments.command()
@name
@click.option("--tail", type=click.IntRange(1, 10_000), default=200, show_default=True, help="How many lines.")
@click.pass_obj
def logs(settings: Settings, *, name: str, tail: int) -> None:
    """What its models printed, oldest line first."""
    with settings.client() as client:
        for line in client.log(name, tail=tail).lines:
            click.echo(line)


@deployments.command()
@name
@click.option("--image", default="", help="The image, as `docker build` in an export made it. [default: MODEL:VERSION]")
@click.option("--kind", type=click.Choice(["kserve", "kubernetes"]), multiple=True, help="Only this. [default: both]")
@click.pass_obj
def manifest(settings: Settings, *, name: str, image: str, kind: tuple[str, ...]) -> None:
    """Print YAML for a cluster: a KServe InferenceService, and a plain Deployment with its Service."""
    from jupyter_kronkers.serving import kubernetes

    with settings.client() as client:
        found = client.deployment(name)
        live = client.version(found.model, found.live or found.follows or "latest")
        canary = None if found.canary is None else client.version(found.model, found.canary)
    if canary is not None and image and kubernetes.has_tag(image):
        raise click.UsageError("Give --image without a tag: the version and its canary have one each.")
    stable = in_image(live, image)
    tried = in_image(canary, image) if canary else None
    plan = kubernetes.Plan(name, stable, found.replicas, found.limits, tried, found.percent)
    click.echo(kubernetes.written(plan, kind or kubernetes.KINDS), nl=False)


def in_image(version: Version, image: str) -> Served:
    from jupyter_kronkers.serving import kubernetes

    model, number = version.model, version.number
    return kubernetes.Served(model, number, version.digest, kubernetes.image_of(model, number, image))


def tell(found: Deployment, *, as_json: bool) -> None:
    """One deployment on stdout."""
    if as_json:
        return print_json(found)
    facts: list[tuple[str, object]] = [("name", found.name), ("state", found.state), ("reason", found.reason)]
    facts += [("remedy", found.remedy), ("model", found.model), ("follows", found.alias or f"version {found.version}")]
    facts += [("serving", found.live), ("replicas", found.replicas), ("spares", found.spares or "")]
    facts += [("canary", canary_words(found)), ("shadow", shadow_words(found)), ("memory", size(found.memory_bytes))]
    facts += [("url", found.url), ("note", found.note)]
    return print_facts(facts)


def canary_words(found: Deployment) -> str | None:
    if found.canary is None:
        return None
    seen = found.canary_state
    did = f"; version {seen.number} answered {seen.answered:,} and failed {seen.failed:,}" if seen else ""
    return f"{found.canary} gets {found.percent:g} %{did}"


def shadow_words(found: Deployment) -> str | None:
    if found.shadow is None:
        return None
    seen = found.shadow_state
    if seen is None:
        return str(found.shadow)
    did = f"answered {seen.answered:,} copies, {seen.different:,} differently (at most by {seen.largest:.1%})"
    return f"{found.shadow}; version {seen.number} {did}, failed {seen.failed:,}, missed {seen.dropped:,}"


def size(number: int) -> str | None:
    return f"{number / (1 << 20):,.0f} MiB" if number else None


def given(said: dict[str, Any]) -> dict[str, Any]:
    """What was said, without what was not."""
    found = {name: value for name, value in said.items() if value not in (None, ())}
    return found | ({"limits": dict(found["limits"])} if "limits" in found else {})
