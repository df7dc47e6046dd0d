"""A limit of the bytes of all answers that are being sent."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator

from wx_domain_exporter.web.compressed_body import CompressedBody

_MAX_BYTES = 64 << 20
"""Bodies are kept with gzip: `/metrics` of 10,000 apps with 40 domains each has 3.3 MB."""
_SECONDS_UNTIL_CUT = 1.0
"""How long an answer is safe. Later its client may be cut when another answer needs the memory."""


class AnswerUnderWay:
    """One answer that is being sent.

    Attributes:
        body: its body.
        cut: closes its connection at once.
        started: when it began; a monotonic time in seconds.
        progressed: when its client last took a piece.
    """

    def __init__(self, body: CompressedBody, cut: Callable[[], None]) -> None:
        self.body = body
        self.cut = cut
        self.started = self.progressed = time.monotonic()

    def note_progress(self) -> None:
        """Take note that the client took a piece."""
        self.progressed = time.monotonic()


class AnswerMemory:
    """Counts the bytes of the answers under way, of a shared body only once. For one event loop."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: set[AnswerUnderWay] = set()
        self._readers: Counter[CompressedBody] = Counter()

    @contextlib.contextmanager
    def answering(self, body: CompressedBody, cut: Callable[[], None]) -> Iterator[AnswerUnderWay | None]:
        """Count a body within the block; yield None if there is no room for it.

        Args:
            body: the body; it fits, whatever its size, while there is no other.
            cut: closes the connection of its client at once.
        """
        if not self._make_room(body):
            yield None
            return
        answer = AnswerUnderWay(body, cut)
        self._add(answer)
        try:
            yield answer
        finally:
            self._remove(answer)

    def _make_room(self, body: CompressedBody) -> bool:
        """Cut clients of older answers until a body fits, first the one that has read nothing for longest."""
        started_before = time.monotonic() - _SECONDS_UNTIL_CUT
        while not self._fits(body):
            older = [answer for answer in self._answers if answer.started < started_before]
            if not older:
                return False
            slowest = min(older, key=lambda answer: answer.progressed)
            slowest.cut()
            self._remove(slowest)
        return True

    def _fits(self, body: CompressedBody) -> bool:
        return body in self._readers or not self._readers or self._bytes + len(body.data) <= self._max_bytes

    def _add(self, answer: AnswerUnderWay) -> None:
        self._answers.add(answer)
        if answer.body not in self._readers:
            self._bytes += len(answer.body.data)
        self._readers[answer.body] += 1

    def _remove(self, answer: AnswerUnderWay) -> None:
        if answer not in self._answers:  # It was cut, to make room for another one.
            return
        self._answers.remove(answer)
        self._readers[answer.body] -= 1
        if not self._readers[answer.body]:
            del self._readers[answer.body]
            self._bytes -= len(answer.body.data)
