"""The table of kinds. To add one: its file beside this one, a line here, a file and a line in the core.

How two kinds merge or pass each other stands in `plan/fuse.py`; a kind that is not mentioned there merges with nothing
and is still right.
"""

from augstream.plan.kinds.aberration import Aberration
from augstream.plan.kinds.clahe import Clahe
from augstream.plan.kinds.color import Color
from augstream.plan.kinds.curve import Curve
from augstream.plan.kinds.density import Density
from augstream.plan.kinds.dither import Dither
from augstream.plan.kinds.downscale import Downscale
from augstream.plan.kinds.filter import Filter
from augstream.plan.kinds.hsv import Hsv
from augstream.plan.kinds.impulse import Impulse
from augstream.plan.kinds.kernel import Kernel
from augstream.plan.kinds.mix import Mix
from augstream.plan.kinds.noise import Noise
from augstream.plan.kinds.radial import Radial
from augstream.plan.kinds.rank import Rank
from augstream.plan.kinds.recode import Recode
from augstream.plan.kinds.shapes import Shapes
from augstream.plan.kinds.spectrum import Spectrum
from augstream.plan.kinds.statistic import Statistic
from augstream.plan.kinds.superpixels import Superpixels
from augstream.plan.kinds.warp import Warp

KINDS = (
    *(Warp, Color, Curve, Filter, Noise, Shapes, Mix, Kernel, Rank, Radial),
    *(Hsv, Statistic, Clahe, Spectrum, Density, Impulse),
    *(Recode, Superpixels, Dither, Downscale, Aberration),
)
