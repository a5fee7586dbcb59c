"""The table of kinds. To add one: its file beside this one, a line here, a file and a line in the core.

How two kinds merge or pass each other stands in `plan/fuse.py`; a kind that is not mentioned there merges with nothing
and is still right.
"""

from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.impulse import Impulse
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.warp import Warp

KINDS = (Warp, Color, Curve, Filter, Noise, Shapes, Mix, Impulse)
