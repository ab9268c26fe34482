"""Messages taken and not yet answered: durable, in order per chat, at least once."""

from gateway.inbox.base import Claim as Claim
from gateway.inbox.base import Inbox as Inbox
from gateway.inbox.embedded import EmbeddedInbox as EmbeddedInbox
