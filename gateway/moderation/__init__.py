"""Keeping what an operator forbids out of questions and answers."""

from gateway.moderation.finding import Finding as Finding
from gateway.moderation.finding import Forbidden as Forbidden
from gateway.moderation.moderator import Moderator as Moderator
from gateway.moderation.options import ModerationOptions as ModerationOptions
from gateway.moderation.words import read_words as read_words
