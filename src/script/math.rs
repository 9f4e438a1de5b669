//! The library of mathematics: the same digits on every machine, and Redis' generator.
//! *Source*: Redis 7.2 · script_lua.c · redis_math_random, redis_math_randomseed.

use rilua::stdlib::math;
use rilua::vm::state::LuaState;
use rilua::{LuaResult, Val};

use super::Random48;
use super::lua::{self, TableRef, answer};
use super::power;
use super::slot::slot;

/// What the library holds beside its functions.
pub(super) fn constants(state: &mut LuaState, library: TableRef) -> LuaResult<()> {
    lua::set_field(state, library, "pi", Val::Num(std::f64::consts::PI))?;
    lua::set_field(state, library, "huge", Val::Num(f64::INFINITY))
}

fn random(state: &mut LuaState) -> LuaResult<u32> {
    let host = slot(state).host.as_mut();
    let fraction = host.map_or(0.0, |host| host.random().fraction());
    let given = state.top - state.base;
    let (low, high) = match given {
        0 => return Ok(answer(state, Val::Num(fraction))),
        1 => (1, state.check_integer(1)?),
        2 => (state.check_integer(1)?, state.check_integer(2)?),
        _ => return Err(lua::error("wrong number of arguments")),
    };
    if low > high {
        return Err(state.arg_error(given, "interval is empty"));
    }
    let (low, high) = (low as f64, high as f64);
    Ok(answer(state, Val::Num((fraction * (high - low + 1.0)).floor() + low)))
}

fn randomseed(state: &mut LuaState) -> LuaResult<u32> {
    let seed = state.check_integer(1)?;
    if let Some(host) = &mut slot(state).host {
        *host.random() = Random48::seeded(seed as i32);
    }
    Ok(0)
}

/// A function of one number.
macro_rules! of_one {
    ($($name:ident)*) => {
        $(fn $name(state: &mut LuaState) -> LuaResult<u32> {
            let x = state.check_number(1)?;
            Ok(answer(state, Val::Num(libm::$name(x))))
        })*
    };
}

/// A function of two numbers.
macro_rules! of_two {
    ($($room:ident::$name:ident)*) => {
        $(fn $name(state: &mut LuaState) -> LuaResult<u32> {
            let (x, y) = (state.check_number(1)?, state.check_number(2)?);
            Ok(answer(state, Val::Num($room::$name(x, y))))
        })*
    };
}

of_one!(sin cos tan asin acos atan sinh cosh tanh exp log log10);
of_two!(libm::atan2 power::pow);

/// The functions.
pub(super) const FUNCTIONS: &[(&str, rilua::RustFn)] = &[
    ("abs", math::math_abs),
    ("acos", acos),
    ("asin", asin),
    ("atan", atan),
    ("atan2", atan2),
    ("ceil", math::math_ceil),
    ("cos", cos),
    ("cosh", cosh),
    ("deg", math::math_deg),
    ("exp", exp),
    ("floor", math::math_floor),
    ("fmod", math::math_fmod),
    ("frexp", math::math_frexp),
    ("ldexp", math::math_ldexp),
    ("log", log),
    ("log10", log10),
    ("max", math::math_max),
    ("min", math::math_min),
    ("mod", math::math_fmod),
    ("modf", math::math_modf),
    ("pow", pow),
    ("rad", math::math_rad),
    ("random", random),
    ("randomseed", randomseed),
    ("sin", sin),
    ("sinh", sinh),
    ("sqrt", math::math_sqrt),
    ("tan", tan),
    ("tanh", tanh),
];
