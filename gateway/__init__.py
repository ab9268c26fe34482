"""What an adapter author needs, and nothing else."""

from gateway.adapter import Adapter as Adapter
from gateway.adapter import Capabilities as Capabilities
from gateway.adapter import ChannelState as ChannelState
from gateway.adapter import Host as Host
from gateway.adapter import Options as Options
from gateway.adapter import Receive as Receive
from gateway.message import Attachment as Attachment
from gateway.message import Audio as Audio
from gateway.message import Chat as Chat
from gateway.message import Entity as Entity
from gateway.message import Event as Event
from gateway.message import File as File
from gateway.message import Image as Image
from gateway.message import Mention as Mention
from gateway.message import Message as Message
from gateway.message import Moved as Moved
from gateway.message import Part as Part
from gateway.message import Quote as Quote
from gateway.message import Recalled as Recalled
from gateway.message import Receipt as Receipt
from gateway.message import Reply as Reply
from gateway.message import Said as Said
from gateway.message import Sender as Sender
from gateway.message import Text as Text
