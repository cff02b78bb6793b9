"""What lies beside an exported model for whoever runs it: Dockerfile, requirements.run.txt, README.md."""

from __future__ import annotations

import re
from typing import NamedTuple

import msgspec

from jupyter_kronkers.models.artifacts import DISTRIBUTION, RELEASE
from jupyter_kronkers.models.statements import Manifest

PORT = 8080
REQUIREMENTS = "requirements.run.txt"
PLAIN_RELEASE = re.compile(r"\d+(\.\d+){1,2}")
NOT_NEEDED = frozenset({"mlflow", "mlflow-skinny"})
R_OWN = frozenset({"base", "stats", "graphics", "grDevices", "utils", "datasets", "methods", "tools", "parallel"})


class Package(msgspec.Struct, frozen=True):
    name: str
    version: str = ""
    needed: bool = False


class Interpreter(msgspec.Struct, frozen=True):
    version: str = ""


class Captured(msgspec.Struct, frozen=True):
    """What `data/capture.json` says of where the model comes from."""

    language: str
    runtime: Interpreter = Interpreter()
    packages: list[Package] | None = None

    @property
    def needed(self) -> list[Package]:
        """The packages without which it cannot answer, with names and releases that may stand in a file."""
        found = [package for package in self.packages or () if package.needed and package.name not in R_OWN]
        return [one for one in found if DISTRIBUTION.fullmatch(one.name) and RELEASE.fullmatch(one.version)]

    def release(self, otherwise: str) -> str:
        """The language's version, if it is one that an image may be called."""
        return self.runtime.version if PLAIN_RELEASE.fullmatch(self.runtime.version) else otherwise


class Recipe(NamedTuple):
    """The part of a Dockerfile that differs by language: before the folder is copied in."""

    head: str
    install: str


def beside(captured: Captured, manifest: Manifest, requirements: str) -> dict[str, bytes]:
    """Every file by its name. requirements: the artifact's own requirements.txt, of which `run` needs less."""
    needed = run_requirements(captured.language, requirements)
    files = {
        "Dockerfile": dockerfile(captured, manifest),
        ".dockerignore": "**/__pycache__\n*.pyc\n",
        REQUIREMENTS: needed,
        "README.md": readme(captured, manifest),
    }
    return {name: text.encode() for name, text in files.items()}


def run_requirements(language: str, requirements: str) -> str:
    """What pip must install for `run`: never MLflow; for a model of another language NumPy alone, and any will do."""
    if language != "python":
        return "numpy>=1.21\n"
    lines = [line for line in requirements.splitlines() if line.partition("==")[0].lower() not in NOT_NEEDED]
    return "".join(f"{line}\n" for line in lines)


# Dockerfile


def dockerfile(captured: Captured, manifest: Manifest) -> str:
    head, install = RECIPES[captured.language](captured)
    tag = f"{manifest.model}:{manifest.number}"
    return f"""\
# {manifest.model} {manifest.number}, as it was signed. Made by `jupyter kronkers models export`.
#   docker build -t {tag} .
#   docker run --rm -p {PORT}:{PORT} {tag}
{head}
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
WORKDIR /model
COPY {REQUIREMENTS} ./
{install}
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp scoring
COPY . ./
USER 10001:10001
EXPOSE {PORT}
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \\
  CMD ["python3", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:{PORT}/ping', timeout=2)"]
ENTRYPOINT ["python3", "run"]
CMD ["serve", "--host", "0.0.0.0", "--port", "{PORT}"]
"""


def python_recipe(captured: Captured) -> Recipe:
    minor = ".".join(captured.release("3.11").split(".")[:2])
    return Recipe(f"FROM python:{minor}-slim", f"RUN pip install --no-cache-dir -r {REQUIREMENTS}")


def r_recipe(captured: Captured) -> Recipe:
    # Its own Python may be one that pip must not touch, and any NumPy will do.
    lines = [
        "RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-numpy \\",
        " && rm -rf /var/lib/apt/lists/*",
    ]
    if captured.needed:
        calls = [f'remotes::install_version("{p.name}", "{p.version}", upgrade = "never")' for p in captured.needed]
        words = " ".join(f"-e '{call}'" for call in ['install.packages("remotes")', *calls])
        lines.append(f"RUN Rscript {words}")
    return Recipe(f"FROM rocker/r-ver:{captured.release('4.4.2')}", "\n".join(lines))


def julia_recipe(captured: Captured) -> Recipe:
    # Julia is one folder that runs anywhere; its own old images bring a Python that is too old.
    head = f"""\
FROM julia:{captured.release("1.10")} AS julia
FROM python:3.11-slim
COPY --from=julia /usr/local/julia /usr/local/julia
ENV PATH=/usr/local/julia/bin:$PATH JULIA_DEPOT_PATH=/usr/local/julia-packages"""
    install = f"RUN pip install --no-cache-dir -r {REQUIREMENTS}"
    if captured.needed:
        specs = ", ".join(f'PackageSpec(name="{p.name}", version="{p.version}")' for p in captured.needed)
        install += f"\nRUN julia -e 'using Pkg; Pkg.add([{specs}]); Pkg.precompile()'"
    return Recipe(head, install)


RECIPES = {"python": python_recipe, "r": r_recipe, "julia": julia_recipe}


# README


def readme(captured: Captured, manifest: Manifest) -> str:
    packages = ", ".join(f"{package.name} {package.version}" for package in captured.needed)
    need = {"python": "", "r": "Rscript", "julia": "julia"}[captured.language]
    more = f", `{need}` {captured.runtime.version} on the PATH" if need else ""
    more += f", and for it {packages}" if need and packages else ""
    return f"""\
# {manifest.model} {manifest.number}

Registered by {manifest.by} at {manifest.created_at}. This folder scores without Kronkers, and is an ordinary MLflow
model too.

```sh
python3 -m pip install -r {REQUIREMENTS}
./run score rows.csv                   # CSV or JSON in, predictions out
./run serve --port {PORT}                # POST /invocations as MLflow has it, GET /ping
```

It needs Python 3.10 or later{more}. In a container instead:

```sh
docker build -t {manifest.model}:{manifest.number} .
docker run --rm -p {PORT}:{PORT} {manifest.model}:{manifest.number}
```

Whatever is changed here is refused in words before the model is loaded: `./run verify`. That shows that nobody changed
it since it was signed with the key beside; `./run verify --key FILE` shows that the key is the one you know. `run`
cannot vouch for itself: `jupyter kronkers models verify FOLDER`, on the machine that signed it, does.
"""
