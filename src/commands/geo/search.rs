//! Places near a place: GEOSEARCH, GEORADIUS and their relatives.
//!
//! The grid is chosen so coarse that what is searched lies in one cell and its neighbours; their
//! members are ranges of scores. *Source*: Redis 7.2 · geo.c · georadiusGeneric;
//! geohash_helper.c · geohashCalculateAreasByShapeWGS84.

use super::cell::{Bounds, Cell, Point, distance, latitude_distance, step_for};
use super::{coordinates_reply, distance_reply, number_at, point_at, unit_at};
use crate::commands::rows::rows;
use crate::commands::{Call, Classes, Expiry, Refusal, Spec};
use crate::keyspace::{Scored, SortedSet, Value};
use crate::resp::{Bytes, Reply, text_of};

pub(in crate::commands) const TABLE: &[Spec] = rows! { Geo;
    "geosearch" -7 READ FIRST geosearch, concat!(
        "key FROMMEMBER member|FROMLONLAT longitude latitude BYRADIUS radius M|KM|FT|MI|BYBOX ",
        "width height M|KM|FT|MI [ASC|DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]"
    ), "Finds the places in a circle or a box.";
    "geosearchstore" -8 GROW FIRST_TWO geosearchstore, concat!(
        "destination source FROMMEMBER member|FROMLONLAT longitude latitude BYRADIUS radius ",
        "M|KM|FT|MI|BYBOX width height M|KM|FT|MI [ASC|DESC] [COUNT count [ANY]] [STOREDIST]"
    ), "Stores the places in a circle or a box.";
    "georadius" -6 GROW_SOME FIRST georadius, concat!(
        "key longitude latitude radius M|KM|FT|MI [WITHCOORD] [WITHDIST] [WITHHASH] ",
        "[COUNT count [ANY]] [ASC|DESC] [STORE key|STOREDIST key]"
    ), "Finds or stores the places in a circle.";
    "georadius_ro" -6 READ FIRST georadius_ro, concat!(
        "key longitude latitude radius M|KM|FT|MI [WITHCOORD] [WITHDIST] [WITHHASH] ",
        "[COUNT count [ANY]] [ASC|DESC]"
    ), "Finds the places in a circle.";
    "georadiusbymember" -5 GROW_SOME FIRST georadiusbymember, concat!(
        "key member radius M|KM|FT|MI [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] ",
        "[ASC|DESC] [STORE key|STOREDIST key]"
    ), "Finds or stores the places in a circle around a place.";
    "georadiusbymember_ro" -5 READ FIRST georadiusbymember_ro, concat!(
        "key member radius M|KM|FT|MI [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] ",
        "[ASC|DESC]"
    ), "Finds the places in a circle around a place.";
};

/// Which of the commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Everything is an option.
    Search { stores: bool },
    /// The arguments begin with a place, or with a member, and a radius.
    Radius { of_member: bool, may_store: bool },
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Circle { radius: f64 },
    Rectangle { width: f64, height: f64 },
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
struct Request {
    centre: Option<Point>,
    /// True if a member was named, although there may be no key.
    centred: bool,
    /// With how many metres its unit has.
    shape: Option<(Shape, f64)>,
    with_distance: bool,
    with_hash: bool,
    with_coordinates: bool,
    /// As many as are found first, not the nearest.
    any: bool,
    /// 0: all.
    count: usize,
    /// Nearest first, or last.
    ascending: Option<bool>,
    store: Option<Bytes>,
    store_distance: bool,
}

/// A place that was found.
#[derive(Clone, Debug)]
struct Found {
    member: Bytes,
    score: f64,
    point: Point,
    metres: f64,
}

fn geosearch(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Search { stores: false })
}

fn geosearchstore(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Search { stores: true })
}

fn georadius(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Radius { of_member: false, may_store: true })
}

fn georadius_ro(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Radius { of_member: false, may_store: false })
}

fn georadiusbymember(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Radius { of_member: true, may_store: true })
}

fn georadiusbymember_ro(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    search(call, Form::Radius { of_member: true, may_store: false })
}

fn search(call: &mut Call<'_>, form: Form) -> Result<Reply, Refusal> {
    let source = call.arg(if form == (Form::Search { stores: true }) { 2 } else { 1 });
    let set = call.get::<SortedSet>(&source)?;
    let request = Request::parse(call, form, set.as_ref())?;
    let found = match (&set, request.centre, request.shape) {
        (Some(set), Some(centre), Some((shape, unit))) => request.find(set, centre, shape, unit),
        (_, _, _) => Vec::new(),
    };
    let unit = request.shape.map_or(1.0, |(_, unit)| unit);
    match &request.store {
        None => Ok(Reply::Array(found.iter().map(|f| request.reply(f, unit)).collect())),
        Some(key) => Ok(store(call, Bytes::clone(key), found, &request, unit)),
    }
}

/// A circle's radius at `index` and its unit.
fn circle_at(call: &Call<'_>, index: usize) -> Result<(Shape, f64), Refusal> {
    let radius = number_at(call, index, "ERR need numeric radius")?;
    if radius < 0.0 {
        return Err(Refusal::other("ERR radius cannot be negative"));
    }
    Ok((Shape::Circle { radius }, unit_at(call, index + 1)?))
}

/// A rectangle's width and height at `index` and their unit.
fn rectangle_at(call: &Call<'_>, index: usize) -> Result<(Shape, f64), Refusal> {
    let width = number_at(call, index, "ERR need numeric width")?;
    let height = number_at(call, index + 1, "ERR need numeric height")?;
    if width < 0.0 || height < 0.0 {
        return Err(Refusal::other("ERR height or width cannot be negative"));
    }
    Ok((Shape::Rectangle { width, height }, unit_at(call, index + 2)?))
}

/// The place of the member at `index`.
fn member_at(call: &Call<'_>, index: usize, set: &SortedSet) -> Result<Point, Refusal> {
    let score = set.score(&call.args[index]);
    let missing = || Refusal::other("ERR could not decode requested zset member");
    score.map(Point::of_score).ok_or_else(missing)
}

impl Request {
    fn parse(call: &Call<'_>, form: Form, set: Option<&SortedSet>) -> Result<Self, Refusal> {
        let mut request = Self::default();
        let mut index = match form {
            Form::Search { stores } => {
                request.store = stores.then(|| call.arg(1));
                if stores { 3 } else { 2 }
            }
            Form::Radius { of_member: false, .. } => {
                request.centre = Some(point_at(call, 2)?);
                request.shape = Some(circle_at(call, 4)?);
                6
            }
            Form::Radius { of_member: true, .. } => {
                if let Some(set) = set {
                    request.centre = Some(member_at(call, 2, set)?);
                    request.shape = Some(circle_at(call, 3)?);
                }
                5
            }
        };
        while index < call.args.len() {
            index += request.option(call, index, form, set)?;
        }
        request.check(call, form)?;
        // The nearest few cannot be told without an order.
        if request.count > 0 && !request.any && request.ascending.is_none() {
            request.ascending = Some(true);
        }
        Ok(request)
    }

    /// Reads the option at `index`; how many arguments it takes.
    fn option(
        &mut self,
        call: &Call<'_>,
        index: usize,
        form: Form,
        set: Option<&SortedSet>,
    ) -> Result<usize, Refusal> {
        let more = call.args.len() - index - 1;
        let (searches, stores) = match form {
            Form::Search { stores } => (true, stores),
            Form::Radius { .. } => (false, false),
        };
        let names_store = matches!(form, Form::Radius { may_store: true, .. }) && more >= 1;
        let (circle, rectangle) = match self.shape {
            Some((Shape::Circle { .. }, _)) => (true, false),
            Some((Shape::Rectangle { .. }, _)) => (false, true),
            None => (false, false),
        };
        let located = self.centre.is_some() && !self.centred;
        match call.args[index].to_ascii_lowercase().as_slice() {
            b"withdist" => self.with_distance = true,
            b"withhash" => self.with_hash = true,
            b"withcoord" => self.with_coordinates = true,
            b"any" => self.any = true,
            b"asc" => self.ascending = Some(true),
            b"desc" => self.ascending = Some(false),
            b"count" if more >= 1 => {
                let count = call.integer(index + 1)?;
                let positive = usize::try_from(count).ok().filter(|&count| count > 0);
                let refusal = || Refusal::other("ERR COUNT must be > 0");
                self.count = positive.ok_or_else(refusal)?;
                return Ok(2);
            }
            word @ (b"store" | b"storedist") if names_store => {
                self.store = Some(call.arg(index + 1));
                self.store_distance = word == b"storedist";
                return Ok(2);
            }
            b"storedist" if stores => self.store_distance = true,
            b"frommember" if searches && more >= 1 && !located => {
                self.centred = true;
                if let Some(set) = set {
                    self.centre = Some(member_at(call, index + 1, set)?);
                }
                return Ok(2);
            }
            b"fromlonlat" if searches && more >= 2 && !self.centred => {
                self.centre = Some(point_at(call, index + 1)?);
                return Ok(3);
            }
            b"byradius" if searches && more >= 2 && !rectangle => {
                self.shape = Some(circle_at(call, index + 1)?);
                return Ok(3);
            }
            b"bybox" if searches && more >= 3 && !circle => {
                self.shape = Some(rectangle_at(call, index + 1)?);
                return Ok(4);
            }
            _ => return Err(Refusal::Syntax),
        }
        Ok(1)
    }

    fn check(&self, call: &Call<'_>, form: Form) -> Result<(), Refusal> {
        let searches = matches!(form, Form::Search { .. });
        let shows = self.with_distance || self.with_hash || self.with_coordinates;
        let name = text_of(&call.args[0]);
        let text = if self.store.is_some() && shows {
            let what = if searches { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            format!("{what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
        } else if searches && self.centre.is_none() && !self.centred {
            format!("exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}")
        } else if searches && self.shape.is_none() {
            format!("exactly one of BYRADIUS and BYBOX can be specified for {name}")
        } else if self.any && self.count == 0 {
            "the ANY argument requires COUNT argument".to_owned()
        } else {
            return Ok(());
        };
        Err(Refusal::Other(format!("ERR {text}")))
    }

    /// The places that are asked for, in the order that is asked for.
    fn find(&self, set: &SortedSet, centre: Point, shape: Shape, unit: f64) -> Vec<Found> {
        let enough = if self.any { self.count } else { usize::MAX };
        let mut found: Vec<Found> = Vec::new();
        for cell in shape.cells(centre, unit) {
            if found.len() >= enough {
                break;
            }
            let (from, to) = cell.scores();
            let rank = set.partition(|scored| scored.score < from as f64);
            let inside = set.iter_from(rank).take_while(|scored| scored.score < to as f64);
            let hits = inside.filter_map(|scored| shape.hit(centre, unit, &scored));
            let room = enough - found.len();
            found.extend(hits.take(room));
        }
        match self.ascending {
            Some(true) => found.sort_by(|a, b| a.metres.total_cmp(&b.metres)),
            Some(false) => found.sort_by(|a, b| b.metres.total_cmp(&a.metres)),
            None => {}
        }
        found.truncate(if self.count == 0 { usize::MAX } else { self.count });
        found
    }

    fn reply(&self, found: &Found, unit: f64) -> Reply {
        let member = Reply::Bulk(Bytes::clone(&found.member));
        let mut parts = vec![member.clone()];
        if self.with_distance {
            parts.push(distance_reply(found.metres, unit));
        }
        if self.with_hash {
            parts.push(Reply::Integer(found.score as i64));
        }
        if self.with_coordinates {
            parts.push(coordinates_reply(found.point));
        }
        if parts.len() == 1 { member } else { Reply::Array(parts) }
    }
}

impl Shape {
    /// The cells that may hold what is searched, in the order of Redis.
    fn cells(self, centre: Point, unit: f64) -> Vec<Cell> {
        let (radius, bounds) = match self {
            Self::Circle { radius } => {
                (radius, Bounds::around(centre, unit * radius, unit * radius))
            }
            Self::Rectangle { width, height } => {
                let (half, high) = (width / 2.0, height / 2.0);
                let corner = (half * half + high * high).sqrt();
                (corner, Bounds::around(centre, unit * half, unit * high))
            }
        };
        let mut step = step_for(radius * unit, centre.latitude);
        let mut cell = Cell::around(centre, step);
        let too_fine = cell.neighbour(0, 1).bounds().north < bounds.north
            || cell.neighbour(0, -1).bounds().south > bounds.south
            || cell.neighbour(1, 0).bounds().east < bounds.east
            || cell.neighbour(-1, 0).bounds().west > bounds.west;
        if step > 1 && too_fine {
            step -= 1;
            cell = Cell::around(centre, step);
        }
        let own = cell.bounds();
        let useless = |(east, north): (i32, i32)| {
            step >= 2
                && ((north < 0 && own.south < bounds.south)
                    || (north > 0 && own.north > bounds.north)
                    || (east < 0 && own.west < bounds.west)
                    || (east > 0 && own.east > bounds.east))
        };
        let mut cells = vec![cell];
        for way in WAYS.into_iter().filter(|&way| !useless(way)) {
            let next = cell.neighbour(way.0, way.1);
            // In a coarse grid the ways around the world meet. Only what was searched last is
            // remembered, and the first cell is not.
            if cells.len() == 1 || cells.last() != Some(&next) {
                cells.push(next);
            }
        }
        cells
    }

    /// The place of a member, if it is in the shape.
    fn hit(self, centre: Point, unit: f64, scored: &Scored) -> Option<Found> {
        let point = Point::of_score(scored.score);
        let metres = distance(centre, point);
        let inside = match self {
            Self::Circle { radius } => metres <= radius * unit,
            Self::Rectangle { width, height } => {
                let meridian = Point { longitude: centre.longitude, ..point };
                latitude_distance(point.latitude, centre.latitude) <= height * unit / 2.0
                    && distance(point, meridian) <= width * unit / 2.0
            }
        };
        let member = || Bytes::clone(&scored.member);
        inside.then(|| Found { member: member(), score: scored.score, point, metres })
    }
}

/// Stores the places with their scores or their distances.
fn store(
    call: &mut Call<'_>,
    key: Bytes,
    found: Vec<Found>,
    request: &Request,
    unit: f64,
) -> Reply {
    let count = found.len() as u64;
    if count == 0 {
        call.clear(&key);
        return Reply::Integer(0);
    }
    let score = |f: &Found| if request.store_distance { f.metres / unit } else { f.score };
    let members = found.iter().map(|f| Scored { score: score(f), member: Bytes::clone(&f.member) });
    let mut set = SortedSet::skiplist(members.collect());
    set.repack(&call.settings.sorted_set_limits());
    call.set(Bytes::clone(&key), Value::SortedSet(set), Expiry::Clear);
    let new = call.is(0, "geosearchstore");
    let name = if new { "geosearchstore" } else { "georadiusstore" };
    call.event(Classes::SORTED_SET, name, &key);
    call.effects.dirty += count - 1;
    Reply::count(count)
}

/// The neighbours of a cell: how far to the east and to the north.
const WAYS: [(i32, i32); 8] =
    [(0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
