"""A real JupyterLab on an empty data folder, and a real browser that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
BUILT = Path(__file__).parents[2] / "jupyter_kronkers" / "_labextension"
SCREENSHOTS = Path(__file__).parent / "screenshots"
UP_S = 60.0


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab; `environment` is for programs that should meet the same data folder."""

    url: str
    token: str
    environment: dict[str, str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@contextmanager
def running_lab(home: Path, port: int = 0, *more: str, python: str = sys.executable) -> Iterator[Lab]:
    """JupyterLab on the folder `home`, which it leaves behind when it ends; port 0: one that is free."""
    environment = surroundings(home)
    words = ["--no-browser", f"--ServerApp.port={port}", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    words += [f"--LabApp.extra_labextensions_path={built_front_end(home)}", *more]
    with (home / "lab.log").open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "jupyterlab", *words, f"--notebook-dir={home}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Lab(*address_of(process, home), environment)
    finally:
        process.terminate()
        process.wait(30)


def built_front_end(home: Path) -> Path:
    """The front end as it was built last; a copy, so that a new build disturbs no test."""
    place = home / "labextensions"
    if not place.exists():
        shutil.copytree(BUILT, place / "jupyter-kronkers")
    return place


def surroundings(home: Path) -> dict[str, str]:
    """Settings and folders of nobody, so that a test sees what a new user sees."""
    quiet = home / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "run", "KRONKERS_DATA_DIR": "kronkers"}
    return os.environ | {name: str(home / folder) for name, folder in places.items()}


def address_of(process: subprocess.Popen[bytes], home: Path) -> tuple[str, str]:
    """Address and token, once the server has written them down."""
    until = time.monotonic() + UP_S
    while process.poll() is None and time.monotonic() < until:
        for file in (home / "run").glob(f"jpserver-{process.pid}.json"):
            found = json.loads(file.read_text() or "{}")
            if found:
                return found["url"], found["token"]
        time.sleep(0.1)
    raise AssertionError((home / "lab.log").read_text()[-3000:])


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        yield browser
        browser.close()


def program() -> str:
    """The browser of this machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert found, "Chromium is missing; `make setup` brings it"
    return found
