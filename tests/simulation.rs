//! Random worlds with random people in them: everything that is mended comes right again.
//!
//! `cargo run --release --example simulate -- --seeds N` runs more of the same.

use replica_lab::lab::{Action, LocalLab, NodeId, Script, Trial};

/// Runs a quarter of the seeds: 1,000 in all, or as many as `SIMULATE_SEEDS` says.
fn quarter(n: u64) {
    let seeds: Option<u64> = std::env::var("SIMULATE_SEEDS").ok().and_then(|n| n.parse().ok());
    let share = seeds.unwrap_or(1_000).div_ceil(4);
    (n * share..(n + 1) * share).for_each(comes_right);
}

fn comes_right(seed: u64) {
    let trial = Trial::random(seed);
    if let Err(failure) = trial.run() {
        let small = trial.minimised(|trial| trial.run().is_err());
        panic!("seed {seed}: {}\n\n{small}", failure.why);
    }
}

#[test]
fn whatever_people_do_everything_comes_right_again() {
    quarter(0);
}

#[test]
fn everything_comes_right_in_the_second_quarter() {
    quarter(1);
}

#[test]
fn everything_comes_right_in_the_third_quarter() {
    quarter(2);
}

#[test]
fn everything_comes_right_in_the_fourth_quarter() {
    quarter(3);
}

/// Each of them has shown a fault: of the engine, or of those who mend its world.
#[test]
fn what_once_went_wrong_comes_right() {
    [261, 11_161, 83_294, 87_547, 102_982, 156_383, 530_703].into_iter().for_each(comes_right);
}

/// A fault that is planted is found, and told in the few acts that it needs.
#[test]
fn a_failure_is_told_in_few_words() {
    let fails = |trial: &Trial| trial.to_string().contains("> SET");
    let (seed, trial) = (0..)
        .map(|seed| (seed, Trial::random(seed)))
        .find(|(_, trial)| fails(trial) && trial.acts() > 10)
        .expect("somebody writes");
    let small = trial.minimised(fails);
    assert!(fails(&small), "seed {seed}");
    assert_eq!(small.acts(), 1, "seed {seed}:\n{small}");
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
    let script = Script::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut lab = LocalLab::from_plan(script.plan);
    lab.watch();
    plant(&mut lab);
    for (_, action) in &script.actions {
        match action {
            Action::Run(span) => lab.run(*span),
            Action::Intervene(act) => lab.intervene(act.clone()),
            Action::Idle(_) | Action::Step(_) | Action::Until(_) | Action::Show(_) => {
                panic!("a trial only runs and acts")
            }
        }
        if let Some(broken) = lab.broken() {
            return Some(format!("{} ({})", broken.why, broken.what));
        }
    }
    None
}
