"""Which of the addresses that a platform names we go to."""

from __future__ import annotations

import pytest

from gateway.http import Places, permitted
from gateway.http.addresses import is_internal

ROOT = "https://ilinkai.weixin.qq.com"
CDN = "https://novac2c.cdn.weixin.qq.com/c2c"


@pytest.mark.parametrize(
    ("address", "root"),
    [
        (f"{ROOT}/ilink", ROOT),
        ("https://ILINKAI.weixin.qq.com", ROOT),
        ("https://sz.ilinkai.weixin.qq.com", ROOT),
        ("https://ilink.qq.com:8443/path", ROOT),
        ("wss://stream.weixin.qq.com/connect", ROOT),
        (f"{CDN}/download?encrypted_query_param=x", CDN),
        ("http://gateway.internal:8080/x", "http://gateway.internal:8080"),
        ("ws://gateway.internal:8080/x", "http://gateway.internal:8080"),
        ("https://10.0.0.1/x", "https://10.0.0.1"),
        ("https://a.example.co.uk", "https://b.example.co.uk"),
        ("http://127.0.0.1:1", "http://127.0.0.1:2"),
        ("http://localhost:1", "http://127.0.0.1:2"),
        ("http://[::1]:1", "http://127.0.0.1:2"),
    ],
)
def test_where_we_go(address: str, root: str) -> None:
    assert permitted(address, root)


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("http://ilinkai.weixin.qq.com", ROOT),
        ("http://sz.ilinkai.weixin.qq.com", ROOT),
        ("ws://ilinkai.weixin.qq.com", ROOT),
        ("https://evil.example", ROOT),
        ("https://weixin.qq.com.evil.example", ROOT),
        ("https://evilqq.com", ROOT),
        ("https://qq.com.", ROOT),
        ("https://ilinkai.weixin.qq.com@evil.example", ROOT),
        ("https://me@ilinkai.weixin.qq.com", ROOT),
        ("https://evil.example\\@ilinkai.weixin.qq.com", ROOT),
        ("https://evil.example#.weixin.qq.com", ROOT),
        ("https://evil.example%2f.weixin.qq.com", ROOT),
        ("https://127.0.0.1", ROOT),
        ("https://2130706433", ROOT),
        ("https://0x7f.1", ROOT),
        ("https://169.254.169.254", ROOT),
        ("https://[::1]", ROOT),
        ("https://[::ffff:127.0.0.1]", ROOT),
        ("https://com", ROOT),
        ("ftp://ilinkai.weixin.qq.com", ROOT),
        ("file:///etc/passwd", ROOT),
        ("//ilinkai.weixin.qq.com", ROOT),
        ("https://", ROOT),
        ("https://ilinkai.weixin.qq.com:99999", ROOT),
        ("", ROOT),
        ("https://10.0.0.2", "https://10.0.0.1"),
        ("https://10.0.0.1:8443", "https://10.0.0.1"),
        ("https://evil.co.uk", "https://example.co.uk"),
        ("http://other.internal", "http://gateway.internal"),
        ("http://192.168.0.1", "http://127.0.0.1:2"),
        ("https://ilinkai.weixin.qq.com", "http://127.0.0.1:2"),
    ],
)
def test_where_we_do_not_go(address: str, root: str) -> None:
    assert not permitted(address, root)


def test_a_platform_may_keep_its_files_with_others() -> None:
    places = Places(("https://api.dingtalk.com", "https://oapi.dingtalk.com"), ("aliyuncs.com",))
    for good in ("https://down.dingtalk.com/x", "https://file.oss-cn-zhangjiakou.aliyuncs.com/x?sign=y"):
        assert places.permit(good)
    for bad in ("http://file.oss-cn-zhangjiakou.aliyuncs.com/x", "https://aliyuncs.com.evil.example"):
        assert not places.permit(bad)
    # and nowhere else where the platform is on this machine, as in a test
    assert not Places(("http://127.0.0.1:1",), ("aliyuncs.com",)).permit("https://file.aliyuncs.com")


def test_what_a_platform_names_by_http_is_asked_by_https() -> None:
    places = Places(("https://api.dingtalk.com",), ("aliyuncs.com",))
    assert places.secured("http://file.aliyuncs.com/a%2Bb?c=%2F") == "https://file.aliyuncs.com/a%2Bb?c=%2F"
    assert places.secured("https://file.aliyuncs.com/x") == "https://file.aliyuncs.com/x"
    inside = Places(("http://dingtalk.internal",))
    assert inside.secured("http://dingtalk.internal/x") == "http://dingtalk.internal/x"


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "::ffff:10.0.0.1"),
        *(
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::127.0.0.1",
            "fe80::1%eth0",
            "fec0::1",
        ),
    ],
)
def test_what_is_inside(address: str) -> None:
    assert is_internal(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "203.119.1.1", "2400:3200::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "198.18.0.7"]
)
def test_what_is_in_the_internet(address: str) -> None:
    """198.18.0.0/15 is what proxies like Clash answer for every name."""
    assert not is_internal(address)
