"""`/-/fetch`: the button of the status page that fetches all mini programs once, without Prometheus."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from wx_domain_exporter.web.manual_fetch import ManualFetch
from wx_domain_exporter.web.pages.query import Query
from wx_domain_exporter.web.same_origin import is_same_origin


class FetchEndpoint:
    """Answers the button, and no other site."""

    def __init__(self, manual_fetch: ManualFetch) -> None:
        self._manual_fetch = manual_fetch

    async def answer(self, request: Request) -> Response:
        """Fetch all mini programs, and lead back to the status page."""
        if not is_same_origin(request.headers):
            return PlainTextResponse("only the button on the status page may ask for this\n", 403)
        if not await self._manual_fetch.run():
            seconds = self._manual_fetch.wait_seconds
            text = f"the mini programs were fetched less than a minute ago; try again in {seconds} s\n"
            return PlainTextResponse(text, 429, {"Retry-After": str(seconds)})
        # Relative to this path, for proxies that serve the exporter below a prefix.
        location = f"../{Query(lang=Query.of(request.query_params).lang)}"
        return Response(status_code=303, headers={"Location": location, "Cache-Control": "no-store"})
