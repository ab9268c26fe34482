"""The one web server: what platforms call, and what the operator's monitoring asks."""

from gateway.web.server import WebServer as WebServer
