//! Splits the engine into what a visit calls, and parts that are loaded when the first function of
//! them is called.
//!
//! ```text
//! split instrument ENGINE OUT      every function notes that it was called
//! split split ENGINE LINKED CALLED DIR
//!                                  LINKED is the engine as the linker left it, with --emit-relocs;
//!                                  CALLED has the numbers of those that were called, one per line;
//!                                  DIR gets first.wasm, part0.wasm and part1.wasm
//! split trim ENGINE OUT PREFIX...  leaves out what is exported under such a name, and all that
//!                                  only it calls
//! ```
//!
//! In the first module, every function of a part to which others refer is a stub: it calls what the
//! table `parts` holds in its place, once `parts.load` has loaded the part if the place was still
//! empty. A part is instantiated with the exports of the first module as its import `first`: it
//! shares its memory, tables and globals, fills its places, and brings the constants that nothing
//! before it refers to. So a part is loaded after those before it.

mod cut;
mod instrument;
mod objects;
mod plan;
mod stubs;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use walrus::{Module, ModuleConfig};

use cut::Shared;
use objects::Objects;
use plan::{PARTS, Plan};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["instrument", engine, out] => {
            let mut module = parse(engine)?;
            instrument::instrument(&mut module);
            write(&mut module, Path::new(out))
        }
        ["split", engine, linked, called, dir] => split(engine, linked, called, Path::new(dir)),
        ["trim", engine, out, ref prefixes @ ..] => {
            let mut module = parse(engine)?;
            trim(&mut module, prefixes);
            write(&mut module, Path::new(out))
        }
        _ => bail!(
            "usage: split instrument ENGINE OUT | split split ENGINE LINKED CALLED DIR \
             | split trim ENGINE OUT PREFIX..."
        ),
    }
}

fn split(engine: &str, linked: &str, called: &str, dir: &Path) -> Result<()> {
    let called = fs::read_to_string(called).with_context(|| format!("{called} cannot be read"))?;
    let linked = fs::read(linked).with_context(|| format!("{linked} cannot be read"))?;
    let objects = Objects::read(&linked)?;
    let mut plan = Plan::of(&parse(engine)?, &called, &objects)?;
    // Which functions need a stub is only known once each module is without the others.
    let mut first = parse(engine)?;
    stubs::put(&mut first, &plan)?;
    walrus::passes::gc::run(&mut first);
    let mut referred = plan.deferred_of(&first);
    let mut shared = Shared::new();
    for part in 0..PARTS {
        cut::cut(&mut parse(engine)?, &plan, part, &mut shared);
    }
    referred.extend(plan.deferred_among(&shared));
    plan.give_places(&referred);
    let mut first = parse(engine)?;
    stubs::put(&mut first, &plan)?;
    let mut shared = Shared::new();
    for part in 0..PARTS {
        let mut module = parse(engine)?;
        cut::cut(&mut module, &plan, part, &mut shared);
        cut::take_objects(&mut first, plan.objects(part));
        let bytes: usize = plan.objects(part).iter().map(ExactSizeIterator::len).sum();
        let functions = module.funcs.iter_local().count();
        eprintln!("== part {part}: {functions} functions, {bytes} bytes of objects");
        write(&mut module, &dir.join(format!("part{part}.wasm")))?;
    }
    cut::share(&mut first, &shared)?;
    walrus::passes::gc::run(&mut first);
    eprintln!(
        "== first: {} functions, {} of them stubs",
        first.funcs.iter_local().count(),
        referred.len()
    );
    write(&mut first, &dir.join("first.wasm"))
}

/// Leaves out what is exported under a name that begins so, and all that only it calls.
fn trim(module: &mut Module, prefixes: &[&str]) {
    let unwanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let exports = module.exports.iter().filter(|export| unwanted(&export.name));
    for export in exports.map(walrus::Export::id).collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    walrus::passes::gc::run(module);
}

/// Parses a module; the same file always gives the same numbers to its functions.
fn parse(path: &str) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let mut module = config.parse_file(path).with_context(|| format!("{path} is not a module"))?;
    // What the linker has noted is not true of a module that was changed since.
    for custom in module.customs.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        module.customs.delete(custom);
    }
    Ok(module)
}

fn write(module: &mut Module, path: &Path) -> Result<()> {
    module.emit_wasm_file(path).with_context(|| format!("{} cannot be written", path.display()))
}
