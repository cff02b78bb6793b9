"""What a model takes and gives, and whether a request fits it.

    columns of a request ──fit──▶ columns in the order and the frame types of the signature
                          └─────▶ Invalid, naming every field at fault

Column order is free and further columns are ignored, as in MLflow. Nothing is guessed: a text is never a number, and no
number is rounded to fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from jupyter_kronkers.errors import Fault, Invalid

if TYPE_CHECKING:
    from jupyter_kronkers.languages.frames import Column

TYPES = ("boolean", "integer", "long", "float", "double", "string", "datetime")


class Field(msgspec.Struct, frozen=True):
    """One column. `native` is the language's own kind, `levels` a category's, `missing` whether values may be."""

    name: str
    type: str
    native: str = ""
    levels: tuple[str, ...] | None = None
    missing: bool = False


class Signature(msgspec.Struct, frozen=True):
    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...] = ()

    def fit(self, columns: Mapping[str, Column | Sequence[Any]]) -> list[Column]:
        """The inputs of a request, in the order and types of the signature.

        columns: by name, each a Column or a list of JSON values with None where one is missing; equally long.
        Raises Invalid listing every field at fault; its code is `out_of_range` if nothing but that is wrong.
        """
        # NumPy takes a fifth of a second to import; listing models needs signatures, and fits nothing.
        from jupyter_kronkers.languages.fitting import fitted

        return fitted(self.inputs, columns)

    def to_json(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, text: bytes | str) -> Signature:
        """Raises Invalid if the text is no signature."""
        try:
            return _checked(msgspec.json.decode(text, type=cls))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise Invalid(Fault("signature", str(error))) from error

    @classmethod
    def of_capture(cls, capture: bytes) -> Signature:
        """The signature in the text of a capture.json. Raises Invalid."""
        return cls.from_json(capture)

    def to_mlflow_json(self) -> dict[str, str | None]:
        """`inputs` and `outputs` as the JSON texts that MLflow keeps in its MLmodel file."""
        return {
            "inputs": _mlflow_side(self.inputs),
            "outputs": _mlflow_side(self.outputs) if self.outputs else None,
            "params": None,
        }


def _checked(signature: Signature) -> Signature:
    for side in ("inputs", "outputs"):
        fields: tuple[Field, ...] = getattr(signature, side)
        names = [field.name for field in fields]
        faults = [Fault(f"{side}.{name}", "occurs twice") for name in sorted({n for n in names if names.count(n) > 1})]
        unknown = [field for field in fields if field.type not in TYPES]
        faults += [Fault(f"{side}.{field.name}", f"has the unknown type {field.type!r}") for field in unknown]
        if faults:
            raise Invalid(*faults)
    return signature


def _mlflow_side(fields: Iterable[Field]) -> str:
    described = [{"type": field.type, "name": field.name, "required": True} for field in fields]
    return msgspec.json.encode(described).decode()
