"""The Open Inference Protocol V2 (KServe, Triton, MLServer): a tensor for each column, as JSON or as bytes behind it.

    {"id": …, "inputs": [{"name", "shape": [n] or [n, 1], "datatype", "data": […]}, …], "outputs": [{"name"}, …]}
    {"inputs": [{…, "parameters": {"binary_data_size": 80}}]}<80 bytes>    Inference-Header-Content-Length: of the JSON

One tensor of shape [n, k] is taken for all k columns in the signature's order, if all of them are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from jupyter_kronkers.errors import Fault, Invalid
from jupyter_kronkers.languages import Signature
from jupyter_kronkers.languages.frames import Column
from jupyter_kronkers.serving.gateway.protocols import payloads, scoring, tensors
from jupyter_kronkers.serving.gateway.protocols.numbers import Cells, fitted
from jupyter_kronkers.serving.gateway.protocols.shape import About, Read, Reply, Wanted, Written, check_rows

Parameters = dict[str, bool | int | float | str | None] | msgspec.UnsetType | None
LONGEST_ID = 256
LONGEST_HEAD = 64 << 10
"""Bytes of JSON before numbers that are looked at without a reader."""

CONTENT_TYPES = frozenset({"pd", "np", "str", "datetime"})
"""MLServer's names for what a tensor stands for, as far as they change nothing about its elements."""

REMEDY = 'A body is {"inputs": [{"name", "shape", "datatype", "data"}, …]}.'


class Tensor(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw = msgspec.Raw()
    parameters: Parameters = msgspec.UNSET

    @property
    def size(self) -> int | None:
        """How many bytes behind the JSON are its elements; None if they are in the JSON."""
        given = (self.parameters or {}).get("binary_data_size")
        return given if type(given) is int else None

    @property
    def count(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count


class Output(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parameters: Parameters = msgspec.UNSET


class Inference(msgspec.Struct, forbid_unknown_fields=True):
    """`model_name` and `model_version` are in Triton's own examples; the address decides."""

    inputs: list[Tensor]
    id: str | msgspec.UnsetType | None = msgspec.UNSET
    parameters: Parameters = msgspec.UNSET
    outputs: list[Output] | msgspec.UnsetType | None = msgspec.UNSET
    model_name: str | msgspec.UnsetType | None = msgspec.UNSET
    model_version: str | msgspec.UnsetType | None = msgspec.UNSET


class Placed(NamedTuple):
    """A tensor and its elements: bytes behind the JSON, or None if they are in it."""

    tensor: Tensor
    data: memoryview | None


_decode = msgspec.json.Decoder(Inference).decode
_encode = msgspec.json.Encoder().encode


def read(signature: Signature, body: bytes, most_rows: int, json_bytes: int | None = None) -> Read:
    """The tensors of an inference request. Raises Invalid with every fault."""
    request, placed = taken_apart(body, json_bytes)
    faults = [*unknown_parameters(request), *misshapen(request, signature)]
    if faults:
        raise Invalid(*faults, remedy=REMEDY)
    rows = request.inputs[0].shape[0]
    check_rows(rows, most_rows)
    table = table_of(placed, signature)
    columns = scoring.plain(signature, table) if all(one.data is None for one in placed) else None
    return Read(columns or fitted(signature, table), rows, wanted(request, signature))


def is_numbers(body: bytes, json_bytes: int | None) -> bool:
    """Whether all elements are numbers behind the JSON, so that reading the body takes no time to speak of."""
    if json_bytes is None or json_bytes > LONGEST_HEAD:
        return False
    request, _ = taken_apart(body, json_bytes)
    return all(tensor.size is not None and tensor.datatype != "BYTES" for tensor in request.inputs)


# Reading


def taken_apart(body: bytes, json_bytes: int | None) -> tuple[Inference, list[Placed]]:
    text = body if json_bytes is None else body[:json_bytes]
    if json_bytes is not None and json_bytes > len(body):
        what = f"Inference-Header-Content-Length is {json_bytes:,}, and the body has {len(body):,} bytes."
        raise Invalid(message=what, code="malformed")
    try:
        request = _decode(text)
    except payloads.UNREADABLE as problem:
        payloads.explain(problem, text, REMEDY)
    if text.count(b":") != keys_of(request):
        payloads.refuse_duplicates(text)
    return request, list(placed(request.inputs, memoryview(body)[len(text) :]))


def placed(inputs: Sequence[Tensor], data: memoryview) -> Iterator[Placed]:
    for tensor in inputs:
        size = tensor.size
        if size is not None and not 0 <= size <= len(data):
            raise Invalid(Fault(f"inputs.{tensor.name}", f"{size:,} bytes are promised, {len(data):,} are left"))
        yield Placed(tensor, None if size is None else data[:size])
        data = data[size or 0 :]
    if len(data):
        raise Invalid(Fault("inputs", f"{len(data):,} bytes are left over behind the tensors"))


def keys_of(request: Inference) -> int:
    """How many keys the decoded JSON has."""
    keys = sum(getattr(request, name) is not msgspec.UNSET for name in Inference.__struct_fields__)
    for tensor in request.inputs:
        keys += 3 + bool(bytes(tensor.data)) + counted(tensor.parameters)
    for output in request.outputs or ():
        keys += 1 + counted(output.parameters)
    return keys + len(request.parameters or {})


def counted(parameters: Parameters) -> int:
    return (parameters is not msgspec.UNSET) + len(parameters or {})


KNOWN = {
    "": {"content_type", "binary_data_output"},
    "inputs": {"content_type", "binary_data_size"},
    "outputs": {"content_type", "binary_data"},
}


def unknown_parameters(request: Inference) -> Iterator[Fault]:
    """Parameters that would change the answer elsewhere are not passed over here."""
    places: list[tuple[str, str, Parameters]] = [("", "parameters", request.parameters)]
    places += [("inputs", f"inputs.{one.name}.parameters", one.parameters) for one in request.inputs]
    places += [("outputs", f"outputs.{one.name}.parameters", one.parameters) for one in request.outputs or ()]
    for level, where, parameters in places:
        for name, value in (parameters or {}).items():
            if name not in KNOWN[level]:
                yield Fault(f"{where}.{name}", f"is not known here; known are {', '.join(sorted(KNOWN[level]))}")
            elif name == "content_type" and value not in CONTENT_TYPES:
                yield Fault(f"{where}.content_type", f"must be one of {', '.join(sorted(CONTENT_TYPES))}")
            elif name in ("binary_data", "binary_data_output") and type(value) is not bool:
                yield Fault(f"{where}.{name}", "must be true or false")
            elif name == "binary_data_size" and type(value) is not int:
                yield Fault(f"{where}.{name}", "must be a whole number")


def misshapen(request: Inference, signature: Signature) -> Iterator[Fault]:
    """What is wrong with names, datatypes, shapes, ids and outputs, before any element is looked at."""
    names = [tensor.name for tensor in request.inputs]
    outputs = {field.name for field in signature.outputs}
    if not names:
        yield Fault("inputs", "needs at least one tensor")
    yield from (Fault(f"inputs.{name}", "occurs twice") for name in sorted({n for n in names if names.count(n) > 1}))
    if len(request.id or "") > LONGEST_ID:
        yield Fault("id", f"may have {LONGEST_ID} characters")
    for output in request.outputs or ():
        if output.name not in outputs:
            yield Fault(f"outputs.{output.name}", f"is not an output; those are {', '.join(sorted(outputs))}")
    matrix = is_matrix(request.inputs, signature)
    for tensor in request.inputs:
        yield from misshapen_tensor(tensor, matrix, signature)
    if len({tensor.shape[0] for tensor in request.inputs if tensor.shape}) > 1:
        yield Fault("inputs", "have different numbers of rows")


def misshapen_tensor(tensor: Tensor, matrix: bool, signature: Signature) -> Iterator[Fault]:
    where = f"inputs.{tensor.name}"
    if tensor.datatype not in tensors.DATATYPES:
        yield Fault(where, f"has the unknown datatype {tensor.datatype!r}; known are {', '.join(tensors.DATATYPES)}")
    if any(not 0 <= length < 1 << 31 for length in tensor.shape):
        yield Fault(where, "has a shape with a length that no tensor has")
    elif (not matrix and tensor.shape[1:] not in ([], [1])) or not tensor.shape:
        shapes = f"a column has [n] or [n, 1], one tensor for all of them [n, {len(signature.inputs)}]"
        yield Fault(where, f"has shape {tensor.shape[:8]}; {shapes}")
    elif tensor.size is None and not bytes(tensor.data):
        yield Fault(where, "has neither data nor binary_data_size")
    elif tensor.size is not None and bytes(tensor.data):
        yield Fault(where, "has both data and binary_data_size")
    if matrix and (tensor.datatype == "BYTES" or any(tensors.of_input(field) == "BYTES" for field in signature.inputs)):
        yield Fault(where, "one tensor for all columns is possible for numbers only; send one for each column")


def is_matrix(inputs: Sequence[Tensor], signature: Signature) -> bool:
    """Whether the one tensor there is stands for all columns."""
    if len(inputs) != 1 or len(inputs[0].shape) != 2 or inputs[0].shape[1] != len(signature.inputs):
        return False
    return len(signature.inputs) > 1 or inputs[0].name != signature.inputs[0].name


def table_of(placed: Sequence[Placed], signature: Signature) -> Mapping[str, Column | Cells]:
    """The columns by name. Raises Invalid with every tensor whose elements are not what it promises."""
    faults: list[Fault] = []
    table: dict[str, Column | Cells] = {}
    for one in placed:
        try:
            table |= columns_of(one, signature, is_matrix([one.tensor], signature) and len(placed) == 1)
        except tensors.Misfit as problem:
            faults.append(problem.fault(one.tensor.name))
        except payloads.UNREADABLE as problem:
            payloads.explain(problem, bytes(one.tensor.data), "Elements are numbers, texts, true, false or null.")
    if faults:
        only_range = all("out of range" in fault.problem for fault in faults)
        raise Invalid(*faults, code="out_of_range" if only_range else None)
    return table


def columns_of(placed: Placed, signature: Signature, matrix: bool) -> dict[str, Column | Cells]:
    tensor, data = placed
    names = [field.name for field in signature.inputs] if matrix else [tensor.name]
    if data is None:
        cells = tensors.from_json(tensor.data, tensor.datatype, tensor.count)
        return {name: cells[place :: len(names)] for place, name in enumerate(names)}
    values = tensors.from_bytes(data, tensor.datatype, tensor.count).reshape(tensor.shape[0], len(names))
    return {name: Column(name, values[:, place]) for place, name in enumerate(names)}


def wanted(request: Inference, signature: Signature) -> Reply:
    binary = (request.parameters or {}).get("binary_data_output") is True
    asked = {one.name: bool((one.parameters or {}).get("binary_data", binary)) for one in request.outputs or ()}
    return Reply(request.id or "", tuple(Wanted(name, how) for name, how in asked.items()), binary)


# Writing


def write(signature: Signature, columns: Sequence[Column], reply: Reply, about: About) -> Written:
    """The inference response. Raises ModelFailed for numbers that are neither finite nor missing."""
    made = {column.name: (field, column) for field, column in zip(signature.outputs, columns, strict=True)}
    asked = reply.outputs or tuple(Wanted(name, reply.binary) for name in made)
    outputs: list[dict[str, object]] = []
    behind: list[bytes] = []
    for name, binary in ((one.name, one.binary) for one in asked):
        field, column = made[name]
        datatype = tensors.of_output(field)
        output: dict[str, object] = {"name": name, "shape": [len(column.values)], "datatype": datatype}
        if binary and (column.mask is None or datatype == "FP64"):
            if column.values.dtype.kind == "f":
                scoring.check_finite(field, column)
            behind.append(tensors.to_bytes(column, datatype))
            output["parameters"] = {"binary_data_size": len(behind[-1])}
        else:
            output["data"] = scoring.spelled(field, column)
        outputs.append(output)
    return put_together(outputs, behind, reply, about)


def put_together(outputs: list[dict[str, object]], behind: list[bytes], reply: Reply, about: About) -> Written:
    head = {"model_name": about.deployment, "model_version": str(about.number), "id": reply.id or about.id}
    text = _encode({**head, "outputs": outputs})
    if not behind:
        return Written(text, b"application/json")
    length = b"Inference-Header-Content-Length: %d\r\n" % len(text)
    return Written(b"".join([text, *behind]), b"application/octet-stream", length)


def metadata(signature: Signature, about: About, language: str) -> bytes:
    """What `GET /v2/models/{deployment}` says."""
    inputs = [{"name": one.name, "datatype": tensors.of_input(one), "shape": [-1]} for one in signature.inputs]
    outputs = [{"name": one.name, "datatype": tensors.of_output(one), "shape": [-1]} for one in signature.outputs]
    facts = {"name": about.deployment, "versions": [str(about.number)], "platform": f"kronkers_{language}"}
    return _encode({**facts, "inputs": inputs, "outputs": outputs})
