"""The process that has the models of one device, and translates one job after the other.

Standard input and output are JSON lines. The server sends first how to start (`setup`), then jobs
and `{"cancel": id}`. The process answers `ready` or `fatal` once, and events of jobs, each with its
`id`; the last one of a job is `done`, `failed` or `cancelled`. Nothing else is written to standard
output: what libraries print goes to standard error. It ends when the server does.
"""

import json
import os
import queue
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from sonar_sign.core.errors import UserError
from sonar_sign.core.video import VideoError
from sonar_sign.serving.limits import FOLDER_PREFIX, limit_this_process
from sonar_sign.serving.requests import JobRequest


class Connection:
    """Messages from and to the server."""

    def __init__(self) -> None:
        # Our own copy of standard output; what else writes there gets standard error.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self.jobs: queue.Queue[dict[str, Any]] = queue.Queue()
        self._lock = threading.Lock()
        self._job: str | None = None
        self.cancel = threading.Event()
        self.setup: dict[str, Any] = json.loads(sys.stdin.readline() or "null")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            message = json.loads(line)
            if "cancel" not in message:
                self.jobs.put(message)
                continue
            with self._lock:
                if message["cancel"] == self._job:
                    self.cancel.set()
        # The server has ended, and nobody waits for the job.
        empty_own_folder()
        os._exit(0)

    def send(self, message: dict[str, Any]) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def begin(self, job: str) -> None:
        """From now on this job can be cancelled."""
        with self._lock:
            self._job = job
            self.cancel.clear()


def empty_own_folder() -> None:
    """Delete what is in the folder for temporary files that the server gave this process."""
    folder = Path(tempfile.gettempdir())
    if folder.name.startswith(FOLDER_PREFIX):
        for path in folder.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def main() -> None:
    """Load the models, then translate until the server ends."""
    connection = Connection()
    setup = connection.setup
    if setup is None:
        return
    from sonar_sign.serving.translation_worker import Models

    try:
        models = Models.load(setup)
    except UserError as error:
        connection.send({"event": "fatal", "sentence": str(error)})
        return
    except Exception as error:
        sentence = f"{type(error).__name__}: {error}"
        connection.send({"event": "fatal", "sentence": sentence})
        raise
    empty_own_folder()  # of what PyTorch writes when it is imported
    connection.send({"event": "ready", "systems": models.facts(), "speech": models.speech_facts()})
    limit_this_process(setup["memory_bytes"])
    while True:
        _work(connection, models, connection.jobs.get())
        empty_own_folder()


def _work(connection: Connection, models: Any, message: dict[str, Any]) -> None:
    from sonar_sign.serving.translation_worker import CancelledError

    job = message["id"]
    connection.begin(job)

    def report(event: str, **values: Any) -> None:
        connection.send({"id": job, "event": event, **values})

    try:
        request = JobRequest.of_record(message["request"])
        models.translate(
            Path(message["path"]), message["video"], request, report, connection.cancel
        )
        empty_own_folder()  # of what engines of speech leave there
        report("done")
    except CancelledError:
        report("cancelled")
    except VideoError as error:
        sentence = f"The video cannot be translated: {error.detail}."
        report("failed", code=error.reason, sentence=sentence)
    except UserError as error:
        report("failed", code="refused", sentence=str(error))
    except (MemoryError, RuntimeError) as error:
        if not _is_memory(error):
            _report_fault(report, error)
            return
        report("failed", code="memory", sentence="The video needs more memory than a job may use.")
    except Exception as error:
        _report_fault(report, error)


def _is_memory(error: BaseException) -> bool:
    # PyTorch's own allocator raises RuntimeErrors.
    words = str(error)
    return isinstance(error, MemoryError) or "alloc" in words or "out of memory" in words


def _report_fault(report: Any, error: BaseException) -> None:
    """A fault of this program: where it was goes to standard error, but no word about the video."""
    import traceback

    frames = "".join(traceback.format_tb(error.__traceback__))
    print(f"sonar-sign: a job failed, {type(error).__name__}:\n{frames}", file=sys.stderr)
    report("failed", code="fault", sentence=f"The server made a mistake ({type(error).__name__}).")


if __name__ == "__main__":
    main()
