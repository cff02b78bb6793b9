"""HTTP/1.1 on httptools: connections, their exchanges in order, their limits and their deadlines."""

from jupyter_kronkers.serving.gateway.http.exchanges import Application, Exchange
from jupyter_kronkers.serving.gateway.http.limits import HttpLimits
from jupyter_kronkers.serving.gateway.http.servers import HttpServer

__all__ = ["Application", "Exchange", "HttpLimits", "HttpServer"]
