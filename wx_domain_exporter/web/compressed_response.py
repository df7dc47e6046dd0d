"""The HTTP response of a large body: sent with gzip or without, and in bounded memory."""

import asyncio
import itertools
from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from wx_domain_exporter.web.answer_memory import AnswerMemory, AnswerUnderWay
from wx_domain_exporter.web.asgi_state import cut_of
from wx_domain_exporter.web.compressed_body import CompressedBody
from wx_domain_exporter.web.negotiation import accepts_gzip

_REFUSAL = PlainTextResponse("too many large answers are being sent\n", 503, {"Retry-After": "1"})


class CompressedResponse(Response):
    """Sends a compressed body piece by piece, and stops when the client disconnects."""

    def __init__(
        self,
        body: CompressedBody,
        request: Request,
        memory: AnswerMemory,
        headers: Mapping[str, str],
        status_code: int = 200,
    ) -> None:
        """Make a response.

        Args:
            body: the body.
            request: says whether the client accepts gzip.
            memory: bounds the bytes of all bodies that are being sent.
            headers: of the response; those of the encoding and the length are added.
            status_code: the HTTP status.
        """
        self.content = body
        self._memory = memory
        self._gzip = accepts_gzip(",".join(request.headers.getlist("Accept-Encoding")))
        length = len(body.data) if self._gzip else body.text_bytes
        vary = ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))
        encoding = {"Content-Encoding": "gzip"} if self._gzip else {}
        super().__init__(
            None, status_code, {**headers, "Vary": vary, "Content-Length": str(length), **encoding}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, or 503 if there is no room for its body."""
        with self._memory.answering(self.content, cut_of(scope)) as answer:
            if answer is None:
                await _REFUSAL(scope, receive, send)
                return
            pieces = self.content.pieces() if self._gzip else self.content.text_pieces()
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            disconnected = asyncio.ensure_future(until_disconnected(receive))
            try:
                await _send_pieces(
                    iter(()) if scope["method"] == "HEAD" else pieces, answer, disconnected, send
                )
            finally:
                disconnected.cancel()


async def _send_pieces(
    pieces: Iterator[bytes], answer: AnswerUnderWay, disconnected: "asyncio.Future[None]", send: Send
) -> None:
    piece = next(pieces, b"")
    for following in itertools.chain(pieces, (None,)):
        await send({"type": "http.response.body", "body": piece, "more_body": following is not None})
        answer.note_progress()
        if following is not None:
            await asyncio.sleep(0)  # Other answers are sent meanwhile, and a disconnect is noticed.
            if disconnected.done():
                return
            piece = following


async def until_disconnected(receive: Receive) -> None:
    """Wait until the client of a request disconnects."""
    while (await receive())["type"] != "http.disconnect":
        pass
