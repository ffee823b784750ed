"""Has each upload looked at by an `inspector` process of its own, of which one is always ready."""

import asyncio
from dataclasses import asdict
from typing import Any

from sonar_sign.serving.child import Child, ChildEndedError
from sonar_sign.serving.options import UploadLimits
from sonar_sign.serving.refusals import RefusedVideoError

MODULE = "sonar_sign.serving.inspector"
WALL_S = 40.0
# More would only wait for a processor.
AT_ONCE = 2


class Inspections:
    """Looks at uploads."""

    def __init__(self, limits: UploadLimits):
        self._limits = limits
        self._spare: asyncio.Task[Child] | None = None
        self._at_once = asyncio.Semaphore(AT_ONCE)

    def prepare(self) -> None:
        """Start the process that the next upload needs."""
        if self._spare is None:
            self._spare = asyncio.create_task(Child.start(MODULE, env={"OMP_NUM_THREADS": "1"}))

    async def inspect(self, path: str) -> dict[str, Any]:
        """What is known of a video: seconds, width, height, frames, fps, codec.

        Raises:
            RefusedVideoError: it is not accepted.
        """
        async with self._at_once:
            self.prepare()
            task, self._spare = self._spare, None
            child = await task
            try:
                await child.send({"path": path, "limits": asdict(self._limits)})
                answer = await asyncio.wait_for(child.receive(), WALL_S)
            except (ChildEndedError, TimeoutError) as error:
                raise RefusedVideoError(
                    "unreadable",
                    "The file cannot be translated: reading it takes too long or too much memory.",
                ) from error
            finally:
                await child.end()
                self.prepare()
        if "refused" in answer:
            raise RefusedVideoError(answer["code"], answer["refused"])
        return answer["video"]

    async def close(self) -> None:
        if self._spare is not None:
            await (await self._spare).end()
            self._spare = None
