"""The contact sheet, under the name of the command that writes it."""

from augstream.drawing.levels import Pixels
from augstream.drawing.picture import fitted
from augstream.drawing.sheet import Row, Sheet, make, render, shown

__all__ = ["Pixels", "Row", "Sheet", "fitted", "make", "render", "shown"]
