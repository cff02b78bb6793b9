"""Nothing but a host ever deserialises a model. Each test runs in a process of its own: a hook stays for ever.

faults: 31 32 35
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

EVIL = """
import os, pickle
class Evil:
    def __reduce__(self):
        return os.system, ("echo it ran",)
evil = pickle.dumps(Evil())
plain = pickle.dumps({"a": [1, 2.5, "x"]})
from jupyter_kronkers.access import guard
"""


def run(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", EVIL + textwrap.dedent(code)], capture_output=True, text=True, check=False, timeout=60
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("load", ["pickle.loads(evil)", "pickle._loads(evil)", "cloudpickle.loads(evil)"])
def test_a_locked_process_unpickles_no_code_by_any_way(load):
    said = run(f"""
        import cloudpickle
        guard.lock_process()
        try:
            {load}
        except guard.UnpicklingRefused as refused:
            print(refused)
    """)
    assert said == "A pickle asked for posix.system where none may be loaded. Only hosts load models.\n"


def test_a_numpy_file_with_objects_is_refused_too():
    said = run("""
        import io, numpy as np
        file = io.BytesIO()
        np.save(file, np.array([Evil()], object), allow_pickle=True)
        file.seek(0)
        guard.lock_process()
        try:
            np.load(file, allow_pickle=True)
        except Exception as refused:
            print(type(refused).__name__)
    """)
    assert "it ran" not in said


@pytest.mark.parametrize("module", ["sklearn", "sklearn.linear_model", "joblib"])
def test_a_locked_process_imports_no_model_library(module):
    said = run(f"""
        guard.lock_process()
        try:
            import {module}
        except ImportError as refused:
            print(type(refused).__name__, refused)
    """)
    assert said.startswith("ImportRefused ")
    assert "Only hosts load models" in said


def test_a_locked_process_stays_locked_in_every_thread():
    said = run("""
        import threading
        guard.lock_process()
        def load():
            try:
                pickle.loads(evil)
            except guard.UnpicklingRefused:
                print("refused")
        thread = threading.Thread(target=load); thread.start(); thread.join()
    """)
    assert said == "refused\n"


def test_a_locked_process_does_its_own_work():
    said = run("""
        guard.lock_process()
        import asyncio, json, sqlite3, msgspec, numpy, sqlalchemy
        print(asyncio.run(asyncio.to_thread(lambda: 1)), pickle.loads(plain))
    """)
    assert said == "1 {'a': [1, 2.5, 'x']}\n"


@pytest.mark.slow
def test_mlflow_works_in_a_locked_process():
    said = run("""
        guard.lock_process()
        import mlflow, mlflow.pyfunc, mlflow.tracking
        print("fine")
    """)
    assert said == "fine\n"


def test_a_block_is_guarded_and_nothing_around_it():
    said = run("""
        with guard.guarded():
            try:
                pickle.loads(evil)
            except guard.UnpicklingRefused:
                print("refused")
            try:
                import joblib
            except ImportError:
                print("refused")
        import joblib
        pickle.loads(evil)
        print("free", flush=True)
    """)
    assert sorted(said.split("\n")) == ["", "free", "it ran", "refused", "refused"]


def test_another_thread_is_free_while_a_block_is_guarded():
    said = run("""
        import threading
        harmless = pickle.dumps(os.getcwd)
        with guard.guarded():
            thread = threading.Thread(target=lambda: print(pickle.loads(harmless) is os.getcwd))
            thread.start(); thread.join()
    """)
    assert said == "True\n"


def test_a_guarded_operation_is_guarded_in_the_threads_it_awaits():
    said = run("""
        import asyncio
        async def operation():
            with guard.guarded():
                try:
                    await asyncio.to_thread(pickle.loads, evil)
                except guard.UnpicklingRefused:
                    print("refused")
        async def neighbour():
            await asyncio.sleep(0)
            print(pickle.loads(pickle.dumps(os.getcwd)) is os.getcwd)
        async def both():
            await asyncio.gather(operation(), neighbour())
        asyncio.run(both())
    """)
    assert sorted(said.split()) == ["True", "refused"]
