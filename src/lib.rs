//! A laboratory of Redis replication.

pub mod commands;
pub mod keyspace;
pub mod random;
pub mod replication;
pub mod resp;
pub mod time;
