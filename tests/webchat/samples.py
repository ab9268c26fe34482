"""What people and models say in the tests."""

from __future__ import annotations

ENGLISH = (
    "What is a good name for a cat?",
    "How do I make a dict of odd squares in Python?",
    """There are two good ways.

**A comprehension** is short and fast:

```python
squares = {n: n * n for n in range(10) if n % 2}
```

**A loop** leaves room for more:

1. start with an empty `dict`,
2. look at each number,
3. keep what you need.

| way | lines | speed |
|---|---|---|
| comprehension | 1 | fastest |
| loop | 4 | a little slower |

> Use whichever your reader understands at once. See [the tutorial](https://docs.python.org/3/tutorial/).
""",
)

CHINESE = (
    "给我的猫取个名字",
    "怎样写出容易读懂的代码？",
    """可以从三个方面入手：

1. **先写清楚目标**：用一句话说明这个函数*要做什么*。
2. **再列出边界情况**：空列表、重复的元素、非常大的数。
3. **最后写测试**，例如：

```python
def test_empty():
    assert mean([]) is None
```

| 方法 | 行数 | 速度 |
|---|---|---|
| 推导式 | 1 | 最快 |
| 循环 | 4 | 稍慢 |

这样写出来的代码，别人一看就懂。
""",
)

EVIL = """<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg onload=alert(1)><script>alert(1)</script></svg>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>
<a href="javascript:alert(1)">a</a> <form><input name=parentNode autofocus onfocus=alert(1)></form>

[link](javascript:alert(1)) [tab](java\tscript:alert(1)) [case](JaVaScRiPt:alert(1))
[entity](&#106;avascript:alert(1)) [data](data:text/html,<script>alert(1)</script>) [vb](vbscript:alert(1))
[quote](https://example.org/"onmouseover="alert(1)) [title](https://example.org/ "x\\" onclick=\\"alert(1)")
![image](https://example.org/x.png) ![evil](javascript:alert(1)) ![attribute](x"onerror="alert(1))
<javascript:alert(1)> <https://example.org/<script>alert(1)</script>>

[reference]: javascript:alert(1)
[reference] and <style>* { display: none }</style><base href="https://example.org/">

```"><script>alert(1)</script>
</code></pre><script>alert(1)</script>
```

| <img src=x onerror=alert(1)> | b |
|---|---|
| <script>alert(1)</script> | `<img src=x onerror=alert(1)>` |

- [x] <input type=checkbox onclick=alert(1)>

the end"""
