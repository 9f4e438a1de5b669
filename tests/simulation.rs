//! Random worlds with random people in them: everything that is mended comes right again.
//!
//! `cargo run --release --example simulate -- --seeds N` runs more of the same.

use replica_lab::lab::Trial;

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
    [261, 87_547, 530_703].into_iter().for_each(comes_right);
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
