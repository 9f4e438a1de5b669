//! The lessons of the page, carried out: every step comes to the event that it waits for.
//!
//! A lesson is `www/src/lessons/<id>.json`: a world, and steps that do something and wait for
//! something, in the language of scripts. What it says is beside it, once for each language.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use replica_lab::lab::{Action, LocalLab, Script};
use serde_json::Value;

fn read(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("www/src/lessons");
    let path = folder.join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn lessons() -> Vec<Value> {
    let names = read("index.json");
    lines(&names).into_iter().map(|id| read(&format!("{id}.json"))).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The lines of a list, or of nothing.
fn lines(value: &Value) -> Vec<&str> {
    value.as_array().map_or_else(Vec::new, |lines| lines.iter().map(text).collect())
}

#[test]
fn every_step_comes_to_what_it_waits_for() {
    for lesson in lessons() {
        let id = text(&lesson["id"]);
        let world = lines(&lesson["world"]).join("\n");
        let plan = Script::parse(&world).unwrap_or_else(|error| panic!("{id}: {error}")).plan;
        let mut lab = LocalLab::from_plan(plan);
        for step in lesson["steps"].as_array().unwrap() {
            let mut acts = lines(&step["do"]).join("\n");
            if let Some(until) = step["until"].as_str() {
                acts += &format!("\nuntil {until}");
            }
            println!("{id} / {}", text(&step["id"]));
            let script = Script::parse(&format!("{world}\n{acts}"));
            let script = script.unwrap_or_else(|error| panic!("{id}, {acts}: {error}"));
            carry_out(&mut lab, &script);
        }
    }
}

fn carry_out(lab: &mut LocalLab, script: &Script) {
    for (_, action) in &script.actions {
        match action {
            Action::Intervene(act) => {
                println!("    {act}");
                lab.intervene(act.clone());
            }
            Action::Run(span) => lab.run(*span),
            Action::Step(count) => (0..*count).for_each(|_| assert!(lab.step())),
            Action::Until(until) => {
                assert!(lab.until(until), "it never came to '{until}'");
                println!("    until {until}");
            }
            Action::Idle(_) | Action::Show(_) => panic!("a lesson only acts, runs and waits"),
        }
    }
}

#[test]
fn the_list_of_titles_is_that_of_the_lessons() {
    for language in ["en", "ko"] {
        let told = lessons().into_iter().map(|lesson| {
            let told = read(&format!("{}.{language}.json", text(&lesson["id"])));
            told["title"].clone()
        });
        assert_eq!(read(&format!("titles.{language}.json")), told.collect::<Value>());
    }
}

#[test]
fn every_lesson_is_told_in_both_languages() {
    for lesson in lessons() {
        let id = text(&lesson["id"]);
        for language in ["en", "ko"] {
            let told = read(&format!("{id}.{language}.json"));
            let place = format!("{id}.{language}.json");
            for word in ["title", "goal", "after"] {
                assert!(!text(&told[word]).is_empty(), "{place}: {word}");
            }
            let steps = lesson["steps"].as_array().unwrap();
            let wanted: BTreeSet<&str> = steps.iter().map(|step| text(&step["id"])).collect();
            let said = told["steps"].as_object().unwrap();
            let found: BTreeSet<&str> = said.keys().map(String::as_str).collect();
            assert_eq!(found, wanted, "{place}");
            for step in steps {
                let words = &said[text(&step["id"])];
                assert!(!text(&words["say"]).is_empty(), "{place}");
                let Some(right) = step["ask"]["right"].as_u64() else {
                    assert!(words["ask"].is_null(), "{place}: {} asks nothing", step["id"]);
                    continue;
                };
                assert!(text(&words["ask"]["question"]).ends_with('?'), "{place}");
                let choices = lines(&words["ask"]["choices"]);
                assert!(choices.len() >= 2 && (right as usize) < choices.len(), "{place}");
                assert!(!text(&words["ask"]["why"]).is_empty(), "{place}");
            }
        }
    }
}
