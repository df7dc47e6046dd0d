"""`--health`: asks the running exporter whether it answers, for HEALTHCHECK and exec probes.

It runs every few seconds beside the exporter, so it imports as little as possible.
"""

import http.client
import ssl
from collections.abc import Sequence
from contextlib import closing

from wx_domain_exporter.bilingual_error import BilingualError
from wx_domain_exporter.commands.flags import DEFAULT_LISTEN_ADDRESS, parse_flags
from wx_domain_exporter.commands.language import in_language, language_of
from wx_domain_exporter.commands.output import fail, print_result
from wx_domain_exporter.http_paths import HttpPath
from wx_domain_exporter.web.server.addresses import connect_target

_TIMEOUT_SECONDS = 4.0
"""For connecting and for the answer; Docker's and Kubernetes' checks are configured with 5 s."""


def run_health(arguments: Sequence[str]) -> int:
    """Print that the exporter which was started with these flags is healthy; return the exit status.

    One that refuses the check, because it has no password or client certificate, is healthy: it answers.
    """
    try:
        flags = parse_flags(arguments)
        host, port = connect_target((flags.web_listen_address or [DEFAULT_LISTEN_ADDRESS])[0])
    except BilingualError as error:
        return fail(in_language(error.text, language_of(arguments)))
    # Whether it uses TLS can't be told from the web configuration: the exporter keeps the last valid one.
    ways = (True, False) if flags.web_config_file else (False, True)
    problems: list[str] = []
    for tls in ways:
        try:
            status = _status(host, port, tls=tls)
        except (ssl.SSLEOFError, ConnectionResetError) as error:
            # A server that wants a client certificate ends the connection, in the handshake or after it.
            if tls:
                return print_result("healthy\n")
            problems.append(str(error))
        except (OSError, http.client.HTTPException) as error:
            problems.append(str(error) or type(error).__name__)
        else:
            if status in {http.client.OK, http.client.UNAUTHORIZED}:
                return print_result("healthy\n")
            problems = [f"answered with status {status}"]
            break
    return fail(f"{host}:{port}: {problems[0]}")


def _status(host: str, port: int, *, tls: bool) -> int:
    """Ask once; return the status of the answer.

    Raises:
        OSError: there is no answer in time, or the connection breaks.
        HTTPException: the answer is not valid HTTP.
    """
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # nothing secret is sent, and the certificate has another name
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=_TIMEOUT_SECONDS, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    with closing(connection):
        connection.request("GET", HttpPath.HEALTHY)
        return connection.getresponse().status
