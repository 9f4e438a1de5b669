//! The source keeps its own rules: floors, doors, walls, essays.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};

#[test]
fn no_room_looks_upward() {
    let floors = floors(&read(&root().join("src/lib.rs")));
    for path in sources() {
        let Some(room) = room_of(&path) else { continue };
        let own = floor_of(&floors, &room, &path);
        let text = read(&path);
        for (number, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let names: Vec<String> = used_rooms(used);
                for name in names.iter().filter(|name| **name != room) {
                    let below = floor_of(&floors, name, &path);
                    assert!(
                        below < own,
                        "{}:{number}: room {room} (floor {own}) uses {name} (floor {below})",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn the_readme_draws_the_same_map() {
    let map = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim_start_matches("//! ").to_owned());
        lines.filter(|line| is_floor(line)).collect()
    };
    let code = map(&read(&root().join("src/lib.rs")));
    let readme = map(&read(&root().join("README.md")));
    assert_eq!(code, readme, "README.md and src/lib.rs draw different maps");
    assert_eq!(code.len(), 7);
}

#[test]
fn doors_hold_no_logic() {
    for path in sources().iter().filter(|path| path.ends_with("mod.rs")) {
        let text = read(path);
        let lines = text.lines().count();
        assert!(lines < 90, "{} has {lines} lines; a door has fewer than 90", path.display());
        let logic = text.lines().filter(|line| line.trim_start().starts_with("fn ")).count();
        assert_eq!(logic, 0, "{} has functions of its own", path.display());
    }
}

#[test]
fn every_file_says_what_it_is() {
    for path in sources() {
        let first = read(&path).lines().next().unwrap_or("").to_owned();
        let is_test = path.ends_with("tests.rs");
        assert!(is_test || first.starts_with("//! "), "{} begins without a word", path.display());
    }
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let mut faults = Vec::new();
    for path in sources().into_iter().chain(files(&root().join("tests"), "rs")) {
        let text = read(&path);
        let lines = text.lines().count();
        if lines > 500 {
            faults.push(format!("{}: {lines} lines", path.display()));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > 100 {
                faults.push(format!("{}:{}: {columns} columns", path.display(), number + 1));
            }
        }
        for (name, length) in functions(&text) {
            if length > 70 {
                faults.push(format!("{}: fn {name} has {length} lines", path.display()));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "files of at most 500 lines, functions of 70, lines of 100 columns:\n{}",
        faults.join("\n")
    );
}

#[test]
fn nothing_is_unfinished_or_switched_off() {
    let banned = ["todo!(", "unimplemented!(", "#[ignore", "#[should_panic"];
    for path in sources().into_iter().chain(files(&root().join("tests"), "rs")) {
        if path.ends_with("tidy.rs") {
            continue;
        }
        for (number, line) in code(&read(&path)) {
            for word in banned {
                assert!(!line.contains(word), "{}:{number}: {word}", path.display());
            }
        }
    }
}

/// Rooms with their floors, from the drawing in `src/lib.rs`.
fn floors(text: &str) -> Vec<(String, u32)> {
    let mut floors = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("//! ")).filter(|l| is_floor(l)) {
        let (number, rest) = line.split_at(1);
        let rooms = rest.trim_start().split("   ").next().unwrap_or("");
        for room in rooms.split_whitespace() {
            floors.push((room.to_owned(), number.parse().unwrap()));
        }
    }
    assert!(floors.len() >= 10, "src/lib.rs draws no floors: {floors:?}");
    floors
}

/// `3  commands  rdb             what they do`
fn is_floor(line: &str) -> bool {
    let mut chars = line.chars();
    chars.next().is_some_and(|c| c.is_ascii_digit()) && line[1..].starts_with("  ")
}

fn floor_of(floors: &[(String, u32)], room: &str, path: &Path) -> u32 {
    let found = floors.iter().find(|(name, _)| name == room);
    found.unwrap_or_else(|| panic!("{}: the map has no room {room}", path.display())).1
}

/// The room that a file of `src` is in; none for `lib.rs`.
fn room_of(path: &Path) -> Option<String> {
    let inside = path.strip_prefix(root().join("src")).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs");
    (first != "lib").then(|| first.to_owned())
}

/// The rooms named right behind `crate::`, also in braces.
fn used_rooms(text: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    match text.strip_prefix('{') {
        Some(list) => {
            list.split(',').map(|item| name(item.trim())).filter(|n| !n.is_empty()).collect()
        }
        None => vec![name(text)],
    }
}

/// Lines that are code, with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Functions with the number of their lines. A function ends with a brace in its own column.
fn functions(text: &str) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        if let Some((name, column, start)) = &open {
            if line == format!("{column}}}") {
                found.push((name.clone(), number + 1 - start));
                open = None;
            }
        } else if let Some(name) = function_name(line.trim_start())
            && !line.trim_end().ends_with(';')
        {
            open = Some((name, indent, number));
        }
    }
    found
}

fn function_name(line: &str) -> Option<String> {
    let words = ["pub(super) ", "pub(crate) ", "pub ", "const ", "async "];
    let mut line = line;
    while let Some(rest) = words.iter().find_map(|word| line.strip_prefix(word)) {
        line = rest;
    }
    let rest = line.strip_prefix("fn ")?;
    Some(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn sources() -> Vec<PathBuf> {
    files(&root().join("src"), "rs")
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}
