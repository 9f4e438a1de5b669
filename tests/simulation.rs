//! Random worlds with random people in them: everything that is mended comes right again.
//!
//! `make test` runs ten thousand seeds, `make check` a tenth of that; more of the same is run by
//! `cargo run --release --example simulate -- --seeds N`.

use replica_lab::lab::{LocalLab, NodeId, Trial};

/// How many tests share the seeds, so that every core has some.
const SHARES: u64 = 4;

fn everything_comes_right(share: u64) {
    let seeds: u64 = match std::env::var("SIMULATE_SEEDS") {
        Ok(seeds) => seeds.parse().expect("SIMULATE_SEEDS is a number"),
        Err(_) => 1_000,
    };
    for seed in (share..seeds).step_by(SHARES as usize) {
        let trial = Trial::random(seed);
        if let Err(failure) = trial.run() {
            let small = trial.minimised(|trial| trial.run().is_err());
            panic!("seed {seed}: {}\n\n{small}", failure.why);
        }
    }
}

#[test]
fn whatever_people_do_everything_comes_right_again_1() {
    everything_comes_right(0);
}

#[test]
fn whatever_people_do_everything_comes_right_again_2() {
    everything_comes_right(1);
}

#[test]
fn whatever_people_do_everything_comes_right_again_3() {
    everything_comes_right(2);
}

#[test]
fn whatever_people_do_everything_comes_right_again_4() {
    everything_comes_right(3);
}

#[test]
fn one_seed_is_one_history() {
    for seed in [1, 2, 3] {
        assert_eq!(Trial::random(seed).run(), Trial::random(seed).run());
    }
}

/// A bug: on its way from the master, a list is written to its other end.
fn plant(lab: &mut LocalLab) {
    lab.plant(|from, _, bytes| {
        let (right, left) = (b"\r\nRPUSH\r\n", b"\r\nLPUSH\r\n");
        if from == NodeId(0)
            && let Some(at) = bytes.windows(right.len()).position(|window| window == right)
        {
            bytes[at..at + left.len()].copy_from_slice(left);
        }
    });
}

#[test]
fn a_seed_that_fails_is_told_as_a_short_script_that_fails_again() {
    let fails = |trial: &Trial| trial.run_in(plant).is_err();
    let (trial, why) = (0..)
        .map(Trial::random)
        .find_map(|trial| trial.run_in(plant).err().map(|failure| (trial, failure.why)))
        .expect("the bug is met sooner or later");
    assert!(why.contains("its data is not what it was there"), "{why}");
    let small = trial.minimised(fails);
    assert!(fails(&small), "the small trial fails as well");
    assert!(small.acts.len() <= 3 && small.acts.len() < trial.acts.len(), "{small}");
    for index in 0..small.acts.len() {
        let mut smaller = small.clone();
        smaller.acts.remove(index);
        assert!(!fails(&smaller), "act {index} is not needed:\n{small}");
    }
    // What is printed is a script, and the script leads to the same.
    assert_eq!(run_script(&small.to_string()), small.run_in(plant).err().map(|f| f.why));
    assert!(small.run().is_ok(), "without the bug it comes right");
}

/// Runs what a failure prints, with the bug in it: what breaks, if anything does.
fn run_script(text: &str) -> Option<String> {
    use replica_lab::lab::{Action, Script};
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut lab = LocalLab::from_plan(script.plan);
    lab.watch();
    plant(&mut lab);
    for (_, action) in &script.actions {
        match action {
            Action::Run(span) => lab.run(*span),
            Action::Intervene(act) => lab.intervene(act.clone()),
            other => panic!("a trial only runs and acts: {other:?}"),
        }
        if let Some(broken) = lab.broken() {
            return Some(format!("{} ({})", broken.why, broken.what));
        }
    }
    None
}
