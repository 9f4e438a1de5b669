//! Runs random worlds until one does not come right, or until all have.
//!
//! ```text
//!     cargo run --release --example simulate -- --seeds 100000 [--from 0]
//! ```
//!
//! A failure prints its seed, what went wrong, and the smallest script that still shows it.
#![expect(clippy::disallowed_methods, reason = "the speed of the simulation is measured")]

use std::process::ExitCode;
use std::time::Instant;

use replica_lab::lab::Trial;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|place| arguments.get(place + 1)?.parse().ok()).unwrap_or(default)
    };
    let (seeds, from) = (number("--seeds", 10_000), number("--from", 0));
    let began = Instant::now();
    let (mut events, mut micros) = (0, 0_u128);
    for seed in from..from + seeds {
        let trial = Trial::random(seed);
        match trial.run() {
            Ok(outcome) => {
                events += outcome.events;
                micros += u128::from(outcome.span.micros());
            }
            Err(failure) => {
                let small = trial.minimised(|trial| trial.run().is_err());
                let failure = small.run().err().unwrap_or(failure);
                println!("seed {seed}: {}\n\n{small}\n", failure.why);
                println!("{}", failure.log.join("\n"));
                return ExitCode::FAILURE;
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let hours = micros as f64 / 3.6e9;
    println!(
        "{seeds} seeds from {from} on came right: {events} events, {hours:.1} simulated hours in \
         {seconds:.1} s, {:.2} hours a second",
        hours / seconds
    );
    ExitCode::SUCCESS
}
