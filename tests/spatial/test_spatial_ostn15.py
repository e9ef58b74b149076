"""The British National Grid by OSTN15: OS's own test points, and both ways."""

from __future__ import annotations

import math

import numpy as np
import pytest
from convertbng.cutil import convert_bng
from pyproj import Geod, Transformer

from trigpoint.spatial.grids import Floats
from trigpoint.spatial.ostn15 import easting_northing_of, lon_lat_of, shifts

# OS, OSTN15 and OSGM15 developer pack: longitude and latitude in ETRS89, easting and
# northing, each rounded as OS publishes it.
OS_POINTS = {
    "TP01": (-6.29977752014, 49.9222639373, 91492.146, 11318.804),
    "TP02": (-5.20304609998, 49.9600613782, 170370.718, 11572.405),
    "TP03": (-4.10864563561, 50.4388582561, 250359.811, 62016.569),
    "TP04": (-1.2978227724, 50.57563665, 449816.371, 75335.861),
    "TP05": (-1.450514337, 50.9312793791, 438710.92, 114792.25),
    "TP06": (-3.5512834924, 51.4007822014, 292184.87, 168003.465),
    "TP07": (1.44454730409, 51.3744702555, 639821.835, 169565.858),
    "TP08": (-2.54407618349, 51.4275474302, 362269.991, 169978.69),
    "TP09": (-0.1199255718, 51.4893656495, 530624.974, 178388.464),
    "TP10": (-4.3085247696, 51.858908964, 241124.584, 220332.641),
    "TP11": (0.89724327012, 51.8943663735, 599445.59, 225722.826),
    "TP12": (-2.15458614387, 52.2552938163, 389544.19, 261912.153),
    "TP13": (-0.9124895697, 52.2516095123, 474335.969, 262047.755),
    "TP14": (0.40153547065, 52.7513668717, 562180.547, 319784.995),
    "TP15": (-1.19747655922, 52.9621910941, 454002.834, 340834.943),
    "TP16": (-2.6404932081, 53.3448028019, 357455.843, 383290.436),
    "TP17": (-4.28918069756, 53.4162851604, 247958.971, 393492.909),
    "TP18": (-4.28917792869, 53.4163092542, 247959.241, 393495.583),
    "TP19": (-3.04045490691, 53.7791102576, 331534.564, 431920.794),
    "TP20": (-1.66379168242, 53.8002151963, 422242.186, 433818.701),
    "TP21": (-4.63452168212, 54.0866631808, 227778.33, 468847.388),
    "TP22": (-0.07773133187, 54.1168514429, 525745.67, 470703.214),
    "TP23": (-4.38849118133, 54.3291954101, 244780.636, 495254.887),
    "TP24": (-2.93827741149, 54.8954234042, 339921.145, 556034.761),
    "TP25": (-1.61657685184, 54.9791227366, 424639.355, 565012.703),
    "TP26": (-4.29649016251, 55.8539995295, 256340.925, 664697.269),
    "TP27": (-3.29479219337, 55.9247826551, 319188.434, 670947.534),
    "TP28": (-5.8283669185, 57.0060669605, 167634.202, 797067.144),
    "TP29": (-2.04856030746, 57.1390251896, 397160.491, 805349.736),
    "TP30": (-4.21926398555, 57.4862500072, 267056.768, 846176.972),
    "TP31": (-8.57854456076, 57.8135183841, 9587.909, 899448.996),
    "TP32": (-7.59255560556, 58.2126224718, 71713.132, 938516.404),
    "TP33": (-6.26091455533, 58.515603613, 151968.652, 966483.78),
    "TP34": (-3.72631022121, 58.5812046128, 299721.891, 967202.992),
    "TP35": (-3.21454001115, 59.0374387119, 330398.323, 1017347.016),
    "TP36": (-4.41757674598, 59.0933503532, 261596.778, 1025447.602),
    "TP37": (-5.82799339844, 59.096716174, 180862.461, 1029604.114),
    "TP38": (-1.62516966058, 59.5347079449, 421300.525, 1072147.239),
    "TP39": (-1.27486910356, 59.8540991389, 440725.073, 1107878.448),
    "TP40": (-2.07382822798, 60.1330809166, 395999.668, 1138728.951),
}
LONS, LATS, EASTINGS, NORTHINGS = np.array(list(OS_POINTS.values())).T
GEOD = Geod(ellps="GRS80")
# The National Grid's projection on GRS80, by an exact algorithm.
PROJECTION = Transformer.from_pipeline(
    "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=tmerc"
    " +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=GRS80"
)
HALF = 0.0005  # metres: half of the last digit that OS publishes


def test_every_point_of_os_to_the_millimetre() -> None:
    """Degrees give the easting and northing that OS publishes, digit by digit."""
    eastings, northings = easting_northing_of(LONS, LATS)
    assert np.array_equal(np.round(eastings, 3), EASTINGS)
    assert np.array_equal(np.round(northings, 3), NORTHINGS)


def test_every_point_of_os_on_the_way_back() -> None:
    """Eastings and northings give the degrees of OS, as closely as they are rounded."""
    lons, lats = lon_lat_of(EASTINGS, NORTHINGS)
    metres = GEOD.inv(lons, lats, LONS, LATS)[2]
    assert metres.max() < math.hypot(HALF, HALF)


def test_the_southern_isles_of_scilly_have_cover() -> None:
    """St Agnes (88000, 8000) lies south of what convertbng answers for."""
    lons, lats = lon_lat_of(np.array([88_000.0]), np.array([8_000.0]))
    assert (lons[0], lats[0]) == pytest.approx((-6.345, 49.891), abs=0.001)
    eastings, northings = easting_northing_of(lons, lats)
    assert (eastings[0], northings[0]) == pytest.approx((88_000, 8_000), abs=1e-5)


def sample(size: int) -> tuple[Floats, Floats]:
    """Eastings and northings all over the National Grid, the same ones each time."""
    generator = np.random.default_rng(15)
    return generator.uniform(0, 7e5, size), generator.uniform(0, 1.25e6, size)


def test_both_ways_fit() -> None:
    """There and back is the same position to a tenth of a millimetre, everywhere."""
    eastings, northings = sample(100_000)
    again = easting_northing_of(*lon_lat_of(eastings, northings))
    off = np.hypot(again[0] - eastings, again[1] - northings)
    assert np.nanmax(off) < 0.0001
    # Missing is a strip at the edges, where the shifts leave the grid.
    missing = np.isnan(off)
    inland = (eastings > 120) & (northings < 1_249_900)
    assert missing.mean() < 0.001
    assert not (missing & inland).any()


def test_the_other_implementation_agrees() -> None:
    """convertbng, which rounds to millimetres, finds the same eastings and northings
    for degrees wherever it answers."""
    lons, lats = lon_lat_of(*sample(100_000))
    ours = np.round(easting_northing_of(lons, lats), 3)
    theirs = np.array(convert_bng(lons, lats))
    answered = np.isfinite(theirs[0])
    assert answered.mean() > 0.85
    # A value within a micrometre of a half may be rounded either way.
    assert np.abs(ours - theirs)[:, answered].max() < 0.0011
    assert (ours == theirs)[:, answered].mean() > 0.9999


def test_shifts_are_interpolated_between_four_corners() -> None:
    """What is added to PROJ's projection is between the shifts of the corners of the
    kilometre, to the 2 mm by which the series of OS differ from PROJ's."""
    eastings, northings = sample(20_000)
    east, north = PROJECTION.transform(*lon_lat_of(eastings, northings))
    known = np.isfinite(east)
    columns, rows = (
        (east[known] // 1000).astype(int),
        (north[known] // 1000).astype(int),
    )
    added = np.stack([eastings - east, northings - north], axis=-1)[known]
    corners = np.stack(
        [shifts()[rows + up, columns + right] for up in (0, 1) for right in (0, 1)]
    )
    assert (added >= corners.min(axis=0) / 1000 - 0.0025).all()
    assert (added <= corners.max(axis=0) / 1000 + 0.0025).all()


def test_the_whole_grid_has_shifts() -> None:
    """Every corner of a kilometre has one, of the size that OS states."""
    found = shifts()
    assert found.shape == (1251, 701, 2)
    assert 82_000 < found[..., 0].min() < found[..., 0].max() < 112_000
    assert -85_000 < found[..., 1].min() < found[..., 1].max() < -43_000


@pytest.mark.parametrize(
    ("first", "second"),
    [(math.nan, 1), (math.inf, 1), (-math.inf, 1), (1e300, 1), (1, math.nan)],
)
def test_what_is_no_number_has_no_position(first: float, second: float) -> None:
    """NaN, infinities and numbers beyond all maps give NaN, in both directions."""
    pair = np.array([first]), np.array([second])
    assert np.isnan(lon_lat_of(*pair)).all()
    assert np.isnan(easting_northing_of(*pair)).all()


def test_arrays_of_any_kind() -> None:
    """Slices and arrays that cannot be written to give what copies of them give."""
    eastings, northings = sample(10)
    wide = np.column_stack([eastings, northings])
    wide.flags.writeable = False
    expected = lon_lat_of(eastings, northings)
    found = lon_lat_of(wide[:, 0], wide[:, 1])
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("shape", [(3,), (2, 1), (0,)])
def test_columns_of_two_lengths_are_a_programmer_s_error(shape: tuple[int]) -> None:
    """Nothing is read beyond the end of the shorter one."""
    for transform in (lon_lat_of, easting_northing_of):
        with pytest.raises(ValueError, match="two columns of one length"):
            transform(np.zeros(2), np.zeros(shape))
