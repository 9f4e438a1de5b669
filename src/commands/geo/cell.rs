//! Points on the earth, the cells of a grid that they are in, and distances.
//!
//! Sines and cosines come from the crate `libm`, not from the machine: a native server and one in a
//! page must agree about every place. *Source*: Redis 7.2 · geohash.c, geohash_helper.c.

use std::f64::consts::PI;

/// A place in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
}

/// One of 4^`step` cells that cover the earth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Counted from the west and from the south.
    x: u32,
    y: u32,
    step: u32,
}

/// A rectangle in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) west: f64,
    pub(super) south: f64,
    pub(super) east: f64,
    pub(super) north: f64,
}

impl Point {
    /// The point, if it is where the grid reaches.
    pub(super) fn new(longitude: f64, latitude: f64) -> Option<Self> {
        let inside = longitude.abs() <= LONGITUDE_MAX && latitude.abs() <= LATITUDE_MAX;
        inside.then_some(Self { longitude, latitude })
    }

    /// The point that a score stands for: the middle of a cell.
    pub(super) fn of_score(score: f64) -> Self {
        let bounds = Cell::of_bits(bits_of(score), STEP_MAX).bounds();
        let middle = |low: f64, high: f64, most: f64| f64::midpoint(low, high).clamp(-most, most);
        Self {
            longitude: middle(bounds.west, bounds.east, LONGITUDE_MAX),
            latitude: middle(bounds.south, bounds.north, LATITUDE_MAX),
        }
    }

    /// The score of the point.
    pub(super) fn bits(self) -> u64 {
        Cell::around(self, STEP_MAX).bits()
    }

    /// Eleven letters as everybody else writes them, whose grid reaches the poles.
    pub(super) fn geohash(self) -> String {
        let bits = Cell::of_grid(self, STEP_MAX, 90.0).bits();
        let letter = |place: u32| {
            // There are bits for ten letters; the last is always the same.
            let index = if place == 10 { 0 } else { bits >> (47 - place * 5) & 0x1f };
            char::from(LETTERS[index as usize])
        };
        (0..11).map(letter).collect()
    }
}

/// A score as bits, as a 64-bit processor takes a number for them that is below none or too large:
/// members of a sorted set that is no map have places too.
fn bits_of(score: f64) -> u64 {
    const HALF: f64 = (1_u64 << 63) as f64;
    if score < HALF {
        return score as i64 as u64;
    }
    let rest = score - HALF;
    let rest = if rest < HALF { rest as u64 } else { 1 << 63 };
    rest ^ (1 << 63)
}

impl Cell {
    /// The cell that a point is in.
    pub(super) fn around(point: Point, step: u32) -> Self {
        Self::of_grid(point, step, LATITUDE_MAX)
    }

    fn of_grid(point: Point, step: u32, latitude_max: f64) -> Self {
        let index = |value: f64, most: f64| {
            let part = (value + most) / (most + most);
            (part * f64::from(1_u32 << step)) as u32
        };
        let x = index(point.longitude, LONGITUDE_MAX);
        Self { x, y: index(point.latitude, latitude_max), step }
    }

    fn of_bits(bits: u64, step: u32) -> Self {
        let every_other = |bits: u64| (0..32).map(|n| (bits >> (2 * n) & 1) << n).sum::<u64>();
        Self { x: every_other(bits >> 1) as u32, y: every_other(bits) as u32, step }
    }

    fn bits(self) -> u64 {
        let spread =
            |number: u32| (0..32).map(|n| (u64::from(number) >> n & 1) << (2 * n)).sum::<u64>();
        spread(self.x) << 1 | spread(self.y)
    }

    /// The scores of the points in the cell: from the first on, up to before the second.
    pub(super) fn scores(self) -> (u64, u64) {
        let unused = 2 * (STEP_MAX - self.step);
        (self.bits() << unused, (self.bits() + 1) << unused)
    }

    /// The cell so many steps to the east and to the north, around the world if need be.
    pub(super) fn neighbour(self, east: i32, north: i32) -> Self {
        let mask = (1 << self.step) - 1;
        Self {
            x: self.x.wrapping_add_signed(east) & mask,
            y: self.y.wrapping_add_signed(north) & mask,
            step: self.step,
        }
    }

    pub(super) fn bounds(self) -> Bounds {
        let cells = (1_u64 << self.step) as f64;
        let edge = |index: f64, most: f64| -most + index / cells * (most + most);
        // As many bits as C counts with: the cells of no place on earth may wrap.
        let next = |index: u32| f64::from(index.wrapping_add(1));
        let (x, y) = (f64::from(self.x), f64::from(self.y));
        Bounds {
            west: edge(x, LONGITUDE_MAX),
            east: edge(next(self.x), LONGITUDE_MAX),
            south: edge(y, LATITUDE_MAX),
            north: edge(next(self.y), LATITUDE_MAX),
        }
    }
}

impl Bounds {
    /// What reaches so many metres from `centre` to either side, and up and down.
    pub(super) fn around(centre: Point, width: f64, height: f64) -> Self {
        let up = degrees(height / EARTH_RADIUS);
        let aside = |latitude: f64| degrees(width / EARTH_RADIUS / libm::cos(radians(latitude)));
        // The longer way around is on the side of the pole.
        let southern = centre.latitude < 0.0;
        let aside = aside(if southern { centre.latitude - up } else { centre.latitude + up });
        Self {
            west: centre.longitude - aside,
            east: centre.longitude + aside,
            south: centre.latitude - up,
            north: centre.latitude + up,
        }
    }
}

/// How many metres lie between two points.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    let v = libm::sin((radians(b.longitude) - radians(a.longitude)) / 2.0);
    if v == 0.0 {
        return latitude_distance(a.latitude, b.latitude);
    }
    let (low, high) = (radians(a.latitude), radians(b.latitude));
    let u = libm::sin((high - low) / 2.0);
    let part = u * u + libm::cos(low) * libm::cos(high) * v * v;
    2.0 * EARTH_RADIUS * libm::asin(part.sqrt())
}

/// How many metres lie between two points of one meridian.
pub(super) fn latitude_distance(a: f64, b: f64) -> f64 {
    EARTH_RADIUS * (radians(b) - radians(a)).abs()
}

/// The finest grid whose cells are as wide as `metres`, nearly, at a latitude.
pub(super) fn step_for(mut metres: f64, latitude: f64) -> u32 {
    if metres == 0.0 {
        return STEP_MAX;
    }
    let mut step: i32 = 1;
    while metres < MERCATOR_MAX {
        metres *= 2.0;
        step += 1;
    }
    step -= 2;
    step -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    step.clamp(1, STEP_MAX as i32) as u32
}

fn radians(degrees: f64) -> f64 {
    degrees * DEGREE
}

fn degrees(radians: f64) -> f64 {
    radians / DEGREE
}

/// One degree.
const DEGREE: f64 = PI / 180.0;
const EARTH_RADIUS: f64 = 6_372_797.560_856;
const MERCATOR_MAX: f64 = 20_037_726.37;
const LONGITUDE_MAX: f64 = 180.0;
/// Where the grid ends.
const LATITUDE_MAX: f64 = 85.051_128_78;
/// The grid of the scores.
const STEP_MAX: u32 = 26;
const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
