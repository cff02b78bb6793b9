"""Inputs: whether one version can be asked what another is asked. A canary and a shadow get requests meant for it."""

from __future__ import annotations

from jupyter_kronkers.languages import Signature


def unlike(stable: Signature, other: Signature) -> str:
    """What keeps `other` from taking the requests of `stable`, in words; "" if nothing does.

    Names, types and their order must be the same; a column that may have missing values here must there, too.
    """
    ours = {field.name: field for field in stable.inputs}
    theirs = {field.name: field for field in other.inputs}
    said = [f"it lacks {name}" for name in ours if name not in theirs]
    said += [f"it wants {name}" for name in theirs if name not in ours]
    for name in ours.keys() & theirs.keys():
        one, two = ours[name], theirs[name]
        if one.type != two.type:
            said.append(f"its {name} is {two.type}, not {one.type}")
        elif one.missing and not two.missing:
            said.append(f"its {name} takes no missing values")
    if not said and list(ours) != list(theirs):
        said.append("its columns are in another order")
    return "; ".join(sorted(said)[:5])
