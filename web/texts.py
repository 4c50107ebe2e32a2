"""Every text of the pages passes here, so that another language can be put in its place."""

from gettext import NullTranslations
from typing import Any, cast

from flask import Flask

_translations = NullTranslations()


def gettext(text: str) -> str:
    """Give a text in the language of the pages."""
    return _translations.gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Give a text that depends on a number."""
    return _translations.ngettext(one, many, number)


def install(app: Flask) -> None:
    """Let templates say `_("…")` and `{% trans %}`."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    cast(Any, environment).install_gettext_callables(gettext, ngettext, newstyle=True)
