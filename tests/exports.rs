//! A lab's history leaves the house: as a link, a trace, a capture, a log with clocks, a drawing.

#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;
use std::process::Command;

use replica_lab::lab::{Intervention, LocalLab, Script, Shared};
use replica_lab::time::Duration;

const WORLD: &str = "
node master --repl-diskless-sync-delay 0 window=1KiB
node replica1 --replicaof \"master 6379\"
node replica2
";

fn lab() -> LocalLab {
    let mut lab = LocalLab::from_plan(Script::parse(WORLD).expect("it is a script").plan);
    lab.run(Duration::from_secs(1));
    for act in ["master> SET \"a \\\"quoted\\\" key\" <v>", "replica2> REPLICAOF replica1 6379"] {
        lab.intervene(Intervention::parse(act).expect("it is right").expect("it is an act"));
        lab.run(Duration::from_millis(700));
    }
    lab
}

#[test]
fn sixty_interventions_fit_into_a_link_and_lead_to_the_same_place() {
    let mut lab = LocalLab::from_plan(Script::parse(WORLD).expect("it is a script").plan);
    for n in 0_u64..60 {
        lab.run(Duration::from_micros(100_000 + n * n * 7_919 % 900_000));
        let act = match n % 10 {
            0 => format!("cut master replica{}", 1 + n / 10 % 2),
            3 => "heal".to_owned(),
            5 => format!("delay master replica1 {}ms", n * 3),
            6 => format!(
                "replica2> REPLICAOF {} 6379",
                ["master", "replica1"][(n / 10 % 2) as usize]
            ),
            8 => format!("replica1> GET user:{n}"),
            _ => format!("master> SET user:{n} {}", n * 7_919 % 1_000),
        };
        lab.intervene(Intervention::parse(&act).expect("it is right").expect("it is an act"));
    }
    lab.run(Duration::from_secs(2));
    let shared = Shared::of(lab.conductor(), "three-nodes", "ko dark zoom=2");
    assert_eq!(shared.acts.len(), 60);
    let fragment = shared.fragment();
    assert!(fragment.len() < 1_000, "{} characters", fragment.len());
    let read = Shared::parse(&format!("#{fragment}")).expect("it was just written");
    assert_eq!(read, shared);
    let mut again = LocalLab::from_plan(Script::parse(WORLD).expect("it is a script").plan);
    again.follow(&read).expect("every act can be done");
    assert_eq!(read.difference(again.conductor()), None);
    assert_eq!(again.conductor().world().hash(), lab.conductor().world().hash());
    // Another world comes to something else, and it is said.
    let other = format!("seed 9\n{WORLD}");
    let mut other = LocalLab::from_plan(Script::parse(&other).expect("it is a script").plan);
    other.follow(&read).expect("every act can be done");
    assert!(read.difference(other.conductor()).is_some());
}

#[test]
fn the_trace_is_one_json_object_a_line() {
    let lab = lab();
    let text = lab.conductor().ndjson();
    assert_eq!(text.lines().count() as u64, 1 + lab.conductor().cursor());
    let mut last = 0.0;
    for (index, line) in text.lines().skip(1).enumerate() {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!(event["event"], index);
        let seconds = event["seconds"].as_f64().expect("a time");
        assert!(seconds >= last);
        last = seconds;
    }
    assert!(text.contains("SET \\\"a \\\\\\\"quoted\\\\\\\" key\\\" <v>"));
}

/// Lives again what a trace tells: only its first line is read.
fn relive(trace: &str) -> LocalLab {
    let head = trace.lines().next().expect("a first line");
    let head: serde_json::Value = serde_json::from_str(head).expect("a line is JSON");
    assert_eq!(head["replicaLab"], 1);
    let shared = Shared::parse(head["link"].as_str().expect("a link")).expect("it leads there");
    let mut plan = Script::parse(&shared.scenario).expect("the world is in it").plan;
    plan.seed = shared.seed;
    let mut lab = LocalLab::from_plan(plan);
    lab.follow(&shared).expect("every act can be done");
    assert_eq!(head["hash"], format!("{:016x}", lab.conductor().world().hash()));
    assert_eq!(head["events"], lab.conductor().cursor());
    lab
}

#[test]
fn a_trace_brings_its_history_back() {
    let mut lab = lab();
    // What was lived, left and lived otherwise is in it; what lies behind the cursor is not.
    lab.seek(lab.conductor().cursor() - 9);
    lab.intervene(Intervention::parse("crash replica1").expect("it is right").expect("an act"));
    lab.run(Duration::from_secs(3));
    lab.seek(lab.conductor().cursor() - 3);
    let trace = lab.conductor().ndjson();
    assert_eq!(relive(&trace).conductor().ndjson(), trace);
}

#[test]
fn the_trace_of_every_story_brings_it_back() {
    let mut stories = 0;
    for file in std::fs::read_dir("tests/scenarios").expect("they are here") {
        let path = file.expect("a file").path();
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("play-")) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("it is text");
        let script = text.split("\n----\n").next().unwrap_or_default();
        let script = Script::parse(&format!("{script}\n")).expect("it is a script");
        // As the page opens it: what the script foresees is on the agenda.
        let mut lab = LocalLab::from_script(&script);
        for _ in 0..1_500 {
            lab.step();
        }
        let trace = lab.conductor().ndjson();
        assert_eq!(relive(&trace).conductor().ndjson(), trace, "{}", path.display());
        stories += 1;
    }
    assert!(stories > 15, "{stories}");
}

#[test]
fn clocks_never_go_back_and_every_message_is_behind_its_sending() {
    let lab = lab();
    let text = lab.conductor().shiviz();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len() as u64, 2 * lab.conductor().cursor());
    let mut clocks: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    let mut merges = 0;
    for pair in lines.chunks(2) {
        let (host, clock) = pair[0].split_once(' ').expect("a host and its clock");
        let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("a clock is JSON");
        let before = clocks.get(host).cloned().unwrap_or_default();
        assert_eq!(clock[host], before.get(host).copied().unwrap_or(0) + 1);
        for (node, tick) in &before {
            assert!(clock[node] >= *tick);
        }
        for (node, tick) in &clock {
            if node != host {
                // Nobody knows more of a node than the node itself.
                assert!(clocks[node][node] >= *tick);
                merges += usize::from(before.get(node) != Some(tick));
            }
        }
        clocks.insert(host.to_owned(), clock);
    }
    assert!(merges > 10, "{merges}");
}

#[test]
fn the_drawing_has_a_line_for_each_node_and_an_arrow_for_each_message() {
    let svg = lab().conductor().svg();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("stroke=\"#888\"").count(), 3);
    assert!(svg.matches("<title>").count() > 15, "{svg}");
    assert!(svg.contains("master → replica1: +FULLRESYNC"), "{svg}");
    assert!(!svg.contains("<v>"));
}

#[test]
fn the_capture_has_every_byte_in_order() {
    let lab = lab();
    let bytes = lab.conductor().pcapng();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let (mut at, mut streams) = (0, BTreeMap::<(Vec<u8>, Vec<u8>), Vec<u8>>::new());
    let mut kinds = Vec::new();
    while at < bytes.len() {
        let (kind, length) = (word(at), word(at + 4) as usize);
        assert_eq!(word(at + length - 4) as usize, length, "a block says its length twice");
        kinds.push(kind);
        if kind == 6 {
            let packet = &bytes[at + 28..at + 28 + word(at + 20) as usize];
            let (ip, tcp) = packet.split_at(20);
            assert_eq!(usize::from(u16::from_be_bytes([ip[2], ip[3]])), packet.len());
            let sum: u32 = ip.chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the header's checksum");
            let ends = ([&ip[12..16], &tcp[0..2]].concat(), [&ip[16..20], &tcp[2..4]].concat());
            let sequence = u32::from_be_bytes(tcp[4..8].try_into().expect("four bytes"));
            let stream = streams.entry(ends).or_default();
            if tcp.len() > 20 {
                assert_eq!(sequence as usize, stream.len() + 1, "no byte is missing");
            }
            stream.extend(&tcp[20..]);
        }
        at += length;
    }
    assert_eq!(kinds[..3], [0x0a0d_0d0a, 1, 6]);
    let text = |stream: &Vec<u8>| String::from_utf8_lossy(stream).into_owned();
    assert!(streams.values().any(|s| text(s).starts_with("*1\r\n$4\r\nPING\r\n*")));
    assert!(streams.values().any(|s| text(s).contains("+FULLRESYNC") && text(s).contains("<v>")));
}

/// What tshark makes of a capture: the fields of every packet that passes the filter.
fn tshark(file: &std::path::Path, filter: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-o", "tcp.desegment_tcp_streams:TRUE", "-Y", filter]);
    command.args(["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().expect("tshark is installed by tools/setup.sh");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

#[test]
fn tshark_opens_the_capture_as_resp_over_tcp() {
    let lab = lab();
    let folder = std::env::temp_dir().join(format!("replica-lab-capture-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let file = folder.join("lab.pcapng");
    std::fs::write(&file, lab.conductor().pcapng()).expect("a file");
    let faults = "_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0";
    assert_eq!(tshark(&file, faults, &["frame.number", "_ws.col.Info"]), Vec::<Vec<String>>::new());
    let spoken = tshark(&file, "resp", &["ip.src", "tcp.dstport", "_ws.col.Info"]);
    let said = |word: &str| spoken.iter().filter(|packet| packet[2].contains(word)).count();
    for (word, times) in [("PING", 2), ("REPLCONF", 6), ("PSYNC", 2), ("FULLRESYNC", 1), ("OK", 4)]
    {
        assert!(said(word) >= times, "{word}: {}\n{spoken:#?}", said(word));
    }
    // A connection of its own for each replica, and the chain is seen as one.
    let ends = |packet: &Vec<String>| (packet[0].clone(), packet[1].clone());
    let servers: std::collections::BTreeSet<_> =
        spoken.iter().filter(|packet| packet[1] == "6379").map(ends).collect();
    assert_eq!(servers.len(), 2, "{servers:?}");
    std::fs::remove_dir_all(&folder).expect("the folder is ours");
}

/// Seven acts in [`WORLD`]: written when links were new, and never to be written again.
const OLD_LINK: &str = "\
    XY9BCoJQFEXnbxWXBs2C_7SyHxREGQRBUW3gpw-K1MSvAxcQtAFXWYtIMYSavAPnwb1cBisXDAnCs3Z5CI-Se\
    ygz7qcmkdlNSkuOwgjs1scDM3hMCo7WStW-xaQFtxjqSQNPcw2Kjc0lm-Pon1BYyaaM3rt6vh5VjzJJo2tgnD\
    kO_n67WS52a3wdY-x6moIiR5vQPSiUyJT_Fo6K7U9ZAqaLmKiTK3-LhPJLJjJoRtoP";

#[test]
fn a_link_of_long_ago_is_still_followed_and_what_differs_is_said() {
    let old = Shared::parse(OLD_LINK).expect("older links keep working");
    assert_eq!((old.scenario.as_str(), old.view.as_str()), ("three-nodes", "node=1&pane=keys"));
    let acts: Vec<String> = old.acts.iter().map(|act| act.act.to_string()).collect();
    assert_eq!(acts[..2], ["master> SET user:1 \"안녕\"", "replica2> REPLICAOF replica1 6379"]);
    let mut lab = LocalLab::from_plan(Script::parse(WORLD).expect("it is a script").plan);
    lab.follow(&old).expect("every act can still be done");
    let conductor = lab.conductor();
    let same =
        (conductor.cursor(), (conductor.world().hash() >> 32) as u32) == (old.cursor, old.hash);
    assert_eq!(old.difference(conductor).is_none(), same);
    // What the acts were about has come about, whatever the engine does differently.
    let last = conductor.world().plan().named("replica2").expect("it is in the world");
    assert_eq!(lab.status(replica_lab::lab::NodeId(last), 10).keys.len(), 1);
}
