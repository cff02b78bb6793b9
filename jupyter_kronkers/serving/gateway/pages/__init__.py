"""Pages: what a deployment says of itself, to people (`docs`) and to programs (`openapi`)."""

from jupyter_kronkers.serving.gateway.answers import Answer
from jupyter_kronkers.serving.gateway.deployments import Deployment
from jupyter_kronkers.serving.gateway.versions import LoadedVersion


def docs(deployment: Deployment, live: LoadedVersion) -> Answer:
    return Answer(404, b"")


openapi = docs
