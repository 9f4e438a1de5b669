//! Places on the earth, kept as scores of a sorted set: GEOADD and its relatives.
//!
//! A place is 52 bits, in which the bits of its longitude and latitude take turns: places that are
//! near each other have scores that are near each other, nearly always. Adding places is ZADD, and
//! enters the stream as `zadd`. *Source*: Redis 7.2 · geo.c, geohash.c, geohash_helper.c.

mod cell;
pub(super) mod search;

use super::args::score;
use super::rows::rows;
use super::{Call, Refusal, Spec, lookup};
use crate::keyspace::SortedSet;
use crate::resp::{Bytes, Reply};
use cell::{Point, distance};

pub(super) const TABLE: &[Spec] = rows! { Geo;
    "geoadd" -5 GROW FIRST geoadd,
        "key [NX|XX] [CH] longitude latitude member [longitude latitude member ...]",
        "Adds places, or moves them.";
    "geopos" -2 READ FIRST geopos, "key [member ...]", "Answers the coordinates of places.";
    "geodist" -4 READ FIRST geodist, "key member1 member2 [M|KM|FT|MI]",
        "Answers how far places are from each other.";
    "geohash" -2 READ FIRST geohash, "key [member ...]", "Answers the Geohash of places.";
};

fn geoadd(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let option =
        |arg: &&Bytes| [&b"nx"[..], b"xx", b"ch"].iter().any(|word| arg.eq_ignore_ascii_case(word));
    let first = 2 + call.args[2..].iter().take_while(option).count();
    let given = |word: &str| (2..first).any(|index| call.is(index, word));
    let places = &call.args[first..];
    if !places.len().is_multiple_of(3) || (given("nx") && given("xx")) {
        return Err(Refusal::Syntax);
    }
    let mut args = vec![Bytes::from(&b"zadd"[..])];
    args.extend(call.args[1..first].iter().cloned());
    for (index, place) in places.chunks_exact(3).enumerate() {
        let point = point_at(call, first + index * 3)?;
        args.push(Bytes::from(point.bits().to_string().into_bytes()));
        args.push(Bytes::clone(&place[2]));
    }
    let Some(spec) = lookup(b"zadd") else { unreachable!("sorted sets are a family") };
    let mut inner = Call {
        keyspace: call.keyspace,
        args: &args,
        random: call.random,
        effects: call.effects,
        ..*call
    };
    let reply = (spec.handler)(&mut inner);
    call.effects.rewritten = Some(vec![args]);
    reply
}

/// The longitude at `index` and the latitude behind it.
fn point_at(call: &Call<'_>, index: usize) -> Result<Point, Refusal> {
    let (longitude, latitude) = (call.score(index)?, call.score(index + 1)?);
    Point::new(longitude, latitude).ok_or_else(|| {
        Refusal::other(format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}"))
    })
}

/// How many metres the unit at `index` has.
fn unit_at(call: &Call<'_>, index: usize) -> Result<f64, Refusal> {
    match call.args[index].to_ascii_lowercase().as_slice() {
        b"m" => Ok(1.0),
        b"km" => Ok(1_000.0),
        b"ft" => Ok(0.3048),
        b"mi" => Ok(1_609.34),
        _ => Err(Refusal::other("ERR unsupported unit provided. please use M, KM, FT, MI")),
    }
}

/// A number at `index`, or the refusal `text`.
fn number_at(call: &Call<'_>, index: usize, text: &'static str) -> Result<f64, Refusal> {
    score(&call.args[index]).ok_or_else(|| Refusal::other(text))
}

/// A distance: four digits behind the point.
fn distance_reply(metres: f64, unit: f64) -> Reply {
    // Redis rounds the scaled number, which is not always what printing would round to.
    let scaled = (metres / unit * 10_000.0).round_ties_even() as i64;
    Reply::bulk(format!("{}.{:04}", scaled / 10_000, scaled % 10_000))
}

/// Coordinates: seventeen digits behind the point, without the zeros at their end.
fn coordinates_reply(point: Point) -> Reply {
    let coordinate = |number: f64| {
        let text = format!("{number:.17}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        Reply::Decimal(if text == "-0" { "0".into() } else { text.to_owned().into() })
    };
    Reply::Array(vec![coordinate(point.longitude), coordinate(point.latitude)])
}

/// What `show` says of each member that is asked for, or `missing`.
fn each_member(
    call: &mut Call<'_>,
    missing: &Reply,
    show: impl Fn(Point) -> Reply,
) -> Result<Reply, Refusal> {
    let key = call.arg(1);
    let set = call.get::<SortedSet>(&key)?;
    let point = |member: &Bytes| set.as_ref()?.score(member).map(Point::of_score);
    let replies = call.args[2..].iter().map(|member| point(member).map(&show));
    Ok(Reply::Array(replies.map(|reply| reply.unwrap_or_else(|| missing.clone())).collect()))
}

fn geopos(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    each_member(call, &Reply::NullArray, coordinates_reply)
}

fn geohash(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    each_member(call, &Reply::Null, |point| Reply::bulk(point.geohash()))
}

fn geodist(call: &mut Call<'_>) -> Result<Reply, Refusal> {
    let unit = match call.args.len() {
        4 => 1.0,
        5 => unit_at(call, 4)?,
        _ => return Err(Refusal::Syntax),
    };
    let key = call.arg(1);
    let Some(set) = call.get::<SortedSet>(&key)? else { return Ok(Reply::Null) };
    let point = |index: usize| set.score(&call.args[index]).map(Point::of_score);
    Ok(match (point(2), point(3)) {
        (Some(a), Some(b)) => distance_reply(distance(a, b), unit),
        (_, _) => Reply::Null,
    })
}

#[cfg(test)]
mod tests;
