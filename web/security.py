"""Tell the browser what a page may do: nothing that does not come from this house."""

from flask import Flask, Response, abort, g, request

POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "style-src": "'self'",
    "script-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def allow_inline_styles() -> None:
    """Let this one page carry styles of its own, as the drawing tools do."""
    g.inline_styles = True


def allow_data_fonts() -> None:
    """Let this one page carry fonts in its style sheet."""
    g.data_fonts = True


def install(app: Flask) -> None:
    """Turn impossible addresses away, and put the headers on every answer."""
    app.before_request(_look_at_address)
    app.after_request(_protect)


def _look_at_address() -> None:
    # No page has such an address, and no database takes the character.
    if "\0" in request.full_path or "%00" in request.full_path:
        abort(404)


def _policy() -> str:
    found = dict(POLICY)
    if g.get("inline_styles"):
        found["style-src"] = "'self' 'unsafe-inline'"
    if g.get("data_fonts"):
        found["font-src"] = "'self' data:"
    return "; ".join(f"{name} {value}" for name, value in found.items())


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    # An asset, which says how long it is good for, is anybody's; the page that says there is none is not.
    if request.endpoint != "static" or "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    return response
