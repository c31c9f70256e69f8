"""A genuine Label Studio of a test's own: started on the loopback, spoken to by its API, ended.

It is installed apart (pip install label-studio==1.23.2 in an environment of its own) and found by
STORMTRACE_LABEL_STUDIO, the path of its program, or on PATH.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

USER, PASSWORD, TOKEN = "anna@example.org", "of-this-test", "0123456789abcdef0123"
#: Its first start makes a data base, which takes a minute or two.
STARTS_WITHIN = 300


class LabelStudio:
    """The server at `address`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, method: str, path: str, body=None):
        """Return the answer to a request of its API, as JSON."""
        return json.loads(self.read(path, method, body) or b"null")

    def read(self, path: str, method: str = "GET", body=None) -> bytes:
        """Return the answer to a request."""
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:500]}") from error

    def make_project(self, campaign: Path) -> int:
        """Make a project of a campaign as its README says; return its number."""
        project = self.call(
            "POST",
            "/api/projects/",
            {"title": campaign.name, "label_config": (campaign / "labelling.xml").read_text()},
        )["id"]
        storage = {"project": project, "path": str(campaign / "pictures"), "use_blob_urls": False}
        self.call("POST", "/api/storages/localfiles/", storage)
        tasks = json.loads((campaign / "tasks.json").read_text())
        said = self.call("POST", f"/api/projects/{project}/import", tasks)
        assert said["task_count"] == len(tasks)
        return project

    def tasks(self, project: int) -> list[dict]:
        """Return the tasks of a project, with their predictions, in order."""
        listed = self.call("GET", f"/api/tasks/?project={project}&page_size=1000")["tasks"]
        return sorted(
            (self.call("GET", f"/api/tasks/{one['id']}/") for one in listed),
            key=lambda one: one["id"],
        )

    def export(self, project: int, path: Path) -> Path:
        """Write the project as JSON, as its button Export does."""
        path.write_bytes(self.read(f"/api/projects/{project}/export?exportType=JSON"))
        return path


@contextlib.contextmanager
def serving(folder: Path, campaigns: Path) -> Iterator[LabelStudio]:
    """Start a server with its data in `folder`, that may show what is in `campaigns`; end it."""
    program = os.environ.get("STORMTRACE_LABEL_STUDIO") or shutil.which("label-studio")
    if program is None:
        pytest.skip("no Label Studio: install it apart, and say where in STORMTRACE_LABEL_STUDIO")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [program, "start", "--no-browser", "--port", str(port)]
    command += ["--host", address, "--internal-host", "127.0.0.1", "--log-level", "ERROR"]
    command += ["--username", USER, "--password", PASSWORD, "--user-token", TOKEN]
    settings = {
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(campaigns),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }
    others = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DJANGO"))}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("w") as said:
        server = subprocess.Popen(
            command, env=others | settings, stdout=said, stderr=said, start_new_session=True
        )
        try:
            _wait(address, server, folder / "server.log")
            yield LabelStudio(address)
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(20)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(address: str, server: subprocess.Popen, said: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return
        assert server.poll() is None and time.monotonic() < end, said.read_text()[-2000:]
        time.sleep(0.5)
