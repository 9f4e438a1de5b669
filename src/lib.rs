//! A laboratory of Redis replication.

pub mod commands;
pub mod keyspace;
pub mod lab;
pub mod node;
pub mod random;
pub mod rdb;
pub mod replication;
pub mod resp;
pub mod time;
#[cfg(target_arch = "wasm32")]
pub mod web;
