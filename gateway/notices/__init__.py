"""Telling the operator, through the channels that work, about those that do not."""

from gateway.notices.notices import Notices as Notices
from gateway.notices.watch import Pace as Pace
from gateway.notices.wording import Wording as Wording
