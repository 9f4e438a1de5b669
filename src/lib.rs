//! A laboratory of Redis replication.

pub mod keyspace;
pub mod random;
pub mod rdb;
pub mod resp;
pub mod time;
