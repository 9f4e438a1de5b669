//! Random worlds with random people in them: everything that is mended comes right again.
//!
//! `cargo run --release --example simulate -- --seeds N` runs more of the same.

use replica_lab::lab::Trial;

#[test]
fn whatever_people_do_everything_comes_right_again() {
    let seeds = std::env::var("SIMULATE_SEEDS").ok().and_then(|n| n.parse().ok());
    for seed in 0..seeds.unwrap_or(1_000) {
        let trial = Trial::random(seed);
        if let Err(failure) = trial.run() {
            let small = trial.minimised(|trial| trial.run().is_err());
            panic!("seed {seed}: {}\n\n{small}", failure.why);
        }
    }
}

#[test]
fn one_seed_is_one_history() {
    for seed in [1, 2, 3] {
        assert_eq!(Trial::random(seed).run(), Trial::random(seed).run());
    }
}
