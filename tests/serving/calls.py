"""The programs that run snippets, each by the title of its way."""

from __future__ import annotations

import shutil
import subprocess
import sys

PROGRAMS = {
    "curl": ["sh"],
    "Python": [sys.executable],
    "R": ["Rscript"],
    "R without packages": ["Rscript", "--vanilla"],
    "Julia": ["julia", "--startup-file=no"],
    "Julia before 1.6": ["julia", "--startup-file=no"],
}

# Downloads came with Julia 1.6. Where Julia is older, the call is held to what its documentation says of `request`.
STAND_IN = """
module Downloads
function request(url::AbstractString; input::IO, output::IO, method::AbstractString, headers)
    told = [word for (name, value) in headers for word in ("-H", "$name: $value")]
    write(output, read(pipeline(input, `curl -sS -X $method $told --data-binary @- $url`)))
end
end
"""


def runs(title: str) -> bool:
    """Whether this machine has what the snippet needs; `make setup` brings it all where Debian's packages are."""
    program = PROGRAMS[title][0]
    if shutil.which(program) is None:
        return False
    return (
        title != "R"
        or not subprocess.run([program, "-e", "library(httr2)"], capture_output=True, check=False).returncode
    )
