"""The one web server: what platforms call, and what the operator's monitoring asks."""

from gateway.web.channels import PAGES as PAGES
from gateway.web.channels import ChannelPages as ChannelPages
from gateway.web.server import WebServer as WebServer
