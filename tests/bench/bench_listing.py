"""How fast the registry answers when it is full: 1,000 models, 10,900 versions, asked through its own interface."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa
from measuring import Row, folder, median_s, print_table

from jupyter_kronkers.access import local_principal
from jupyter_kronkers.api import Request, Response
from jupyter_kronkers.control import ControlPlane
from jupyter_kronkers.languages.signatures import Field, Signature
from jupyter_kronkers.models.versions import Facts, Package
from jupyter_kronkers.store import Folders, Store
from jupyter_kronkers.store.tables import aliases, models, versions

MODELS, EACH, OTHERS = 100, 100, 900
LIMIT_MS = 50.0
MOMENT = "2026-03-03T12:00:00.000000Z"
PACKAGES = tuple(Package(f"package{i}", f"1.{i}", needed=True) for i in range(60))
INPUTS = tuple(Field(f"x{i}", "double", "float64", None, missing=False) for i in range(20))
FACTS = Facts(
    language="python",
    class_="Pipeline",
    loader="cloudpickle",
    size_bytes=1_000_000,
    signature=Signature(INPUTS, (Field("prediction", "double", "float64", None, missing=False),)),
    metrics={"rmse": 41.2, "r2": 0.9},
    params={"n_estimators": 100},
    packages=PACKAGES,
)
STORED = msgspec.json.encode(FACTS).decode()


def fill(store: Store) -> None:
    with store.writing() as tx:
        for m in range(MODELS):
            name = f"model-{m:03}"
            tx.execute(models.insert().values(name=name, created_at=MOMENT, created_by="bench"))
            tx.execute(versions.insert(), [version(name, number) for number in range(1, EACH + 1)])
            tx.execute(aliases.insert().values(model=name, alias="champion", number=EACH, revision=1))
        for m in range(OTHERS):
            name = f"other-{m:03}"
            tx.execute(models.insert().values(name=name, created_at=MOMENT, created_by="bench"))
            tx.execute(versions.insert().values(version(name, 1)))


def version(name: str, number: int) -> dict[str, object]:
    return {
        "model": name, "number": number, "id": f"{name}-{number}", "state": "ready", "language": "python",
        "class": "Pipeline", "size_bytes": 1_000_000, "digest": f"{name}{number}", "facts": STORED,
        "created_at": MOMENT, "created_by": "bench",
    }  # fmt: skip


def main() -> None:
    with folder() as place:
        folders = Folders(place / "data").prepare()
        plane = ControlPlane(folders)
        store = Store.at(folders.database)
        fill(store)
        with store.reading() as tx:
            count = tx.scalar(sa.select(sa.func.count()).select_from(versions))
            print(f"  ({count:,} versions of {MODELS + OTHERS:,} models)")

        def ask(path: str, query: str = "") -> Response:
            answer = plane.dispatcher.answer(Request("GET", path, local_principal(), query=query))
            if answer.status != 200:
                raise RuntimeError(answer.body)
            return answer

        cases = {
            "list 1,000 models, in brief": lambda: ask("/models", "limit=1000&brief=true"),
            "list 100 models": lambda: ask("/models", "limit=100"),
            "search models": lambda: ask("/models", "search=model-09"),
            "list 100 versions of one model": lambda: ask("/models/model-050/versions", "limit=100"),
            "show a model": lambda: ask("/models/model-050"),
            "show a version": lambda: ask("/models/model-050/versions/57"),
        }
        print_table(
            [Row(name, median_s(case, 21) * 1e3, LIMIT_MS, "ms", "the limit we set") for name, case in cases.items()]
        )
        store.close()
        plane.stop()


if __name__ == "__main__":
    main()
