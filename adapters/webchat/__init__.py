"""The web chat: a page that the gateway serves itself, for people with nothing but a browser."""

from adapters.webchat.adapter import WebChat as WebChat
