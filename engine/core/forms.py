"""Forms: what publishing refuses, what a person may fill in, what becomes of it.

`load` a published form, `parse` what a browser sent, `validate` it, keep `before | cleaned` as the document.
"""

from engine.core.form_check import check
from engine.core.form_cleaning import Options, blank, choices
from engine.core.form_rules import Judge
from engine.core.form_schema import FILES, MAX_ROWS, MAX_TEXT, Choice, Component, Form, Values, load
from engine.core.form_values import initial, is_nothing, lifted, new_row, offers, opinion, parse, validate
from engine.core.form_warnings import warnings

__all__ = [
    "FILES",
    "MAX_ROWS",
    "MAX_TEXT",
    "Choice",
    "Component",
    "Form",
    "Judge",
    "Options",
    "Values",
    "blank",
    "check",
    "choices",
    "initial",
    "is_nothing",
    "lifted",
    "load",
    "new_row",
    "offers",
    "opinion",
    "parse",
    "validate",
    "warnings",
]
