"""config.json and the environment, turned into the options of the gateway's parts."""

from gateway.config.config import ChannelSettings as ChannelSettings
from gateway.config.config import Config as Config
from gateway.config.loading import Loaded as Loaded
from gateway.config.loading import data_dir as data_dir
from gateway.config.loading import embedded as embedded
from gateway.config.loading import load as load
from gateway.config.mistakes import Mistake as Mistake
from gateway.config.mistakes import Mistakes as Mistakes
from gateway.config.report import report as report
from gateway.config.settings import Access as Access
from gateway.config.settings import Web as Web
