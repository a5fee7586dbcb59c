"""Records: what draws and plans are made of."""

import pytest

from augstream.record import record, replace


@record(frozen=True, eq=False)
class Pair:
    one: int
    two: int = 2


def test_a_record_with_another_value_is_another_record():
    first = Pair(1)
    second = replace(first, one=3)
    assert (first.one, first.two, second.one, second.two) == (1, 2, 3, 2)
    assert type(second) is Pair


def test_a_record_has_no_fields_that_it_does_not_name():
    with pytest.raises(TypeError, match="Pair has no field 'three'"):
        replace(Pair(1), three=3)
