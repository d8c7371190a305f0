"""Which pages are there? One list, as ``web.routes`` is for programs; under the same rule of access.

Files of the pages say nothing about anybody, so they are open.

>>> [route.template for route in PAGES]
['/', '/visit', '/pages/{name}']
"""

from __future__ import annotations

from gateway.pages import rendering, window
from gateway.web.routing import Route

HTML = "text/html"
PAGES: tuple[Route, ...] = (
    Route("GET", "/", window.window, "核验台 · the counter page", media=HTML),
    Route("POST", "/visit", window.begin, "Purpose and case number of a session", media=HTML),
    Route("GET", "/pages/{name}", rendering.file, "Style sheet, script and picture of the pages", public=True),
)
