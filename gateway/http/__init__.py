"""What is needed for every platform that is reached by HTTP, or that reaches us by it."""

from gateway.http.addresses import Places as Places
from gateway.http.addresses import is_internal as is_internal
from gateway.http.addresses import is_loopback as is_loopback
from gateway.http.addresses import permitted as permitted
from gateway.http.callers import address as address
from gateway.http.callers import is_https as is_https
from gateway.http.json import dumps as dumps
from gateway.http.json import is_deep as is_deep
from gateway.http.json import loads as loads
from gateway.http.json import may_be_deep as may_be_deep
from gateway.http.sessions import PROXY_ERRORS as PROXY_ERRORS
from gateway.http.sessions import close_session as close_session
from gateway.http.sessions import open_session as open_session
from gateway.http.transport import CALL_SECONDS as CALL_SECONDS
from gateway.http.transport import FILE_SECONDS as FILE_SECONDS
from gateway.http.transport import FOREIGN_ERRORS as FOREIGN_ERRORS
from gateway.http.transport import LARGEST_FILE as LARGEST_FILE
from gateway.http.transport import Answer as Answer
from gateway.http.transport import NoAnswer as NoAnswer
from gateway.http.transport import Transport as Transport
from gateway.http.transport import translated as translated
