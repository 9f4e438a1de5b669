//! The rows of every family, and how one is found.

use super::{Spec, expire, key, string};

/// The tables of the families.
pub const TABLE: &[&[Spec]] = &[string::TABLE, key::TABLE, expire::TABLE];

/// The row of `name`, in any case.
pub fn lookup(name: &[u8]) -> Option<&'static Spec> {
    TABLE.iter().copied().flatten().find(|spec| name.eq_ignore_ascii_case(spec.name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_lower_case_and_unique() {
        let mut names: Vec<_> = TABLE.iter().copied().flatten().map(|spec| spec.name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| !c.is_ascii_uppercase())));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
