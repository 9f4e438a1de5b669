//! `golden-7.2.4.json` and `resp-7.2.4.json`: what values look like in every encoding, and what a
//! connection hears, word for word. The other vectors are replayed beside the code that they are
//! about, in `src/rdb/lzf.rs` and `src/resp/double.rs`.

use replica_lab::node::{Input, Link, Output, Setup};
use replica_lab::resp::{Reply, ReplyDecoder, encode_command};
use replica_lab::time::{Duration, Instant};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::support::{Bench, CLIENT, sent_to};

#[test]
fn every_recorded_value_has_its_encoding_its_bytes_and_its_digest() {
    let golden: Json = read(include_str!("../vectors/golden-7.2.4.json"));
    let cases = golden["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 160);
    let mut faults = Vec::new();
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        faults.extend(value_fault(case).map(|fault| format!("{name}: {fault}")));
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// What is wrong with the value that a case's commands make.
fn value_fault(case: &Json) -> Option<String> {
    let mut bench = new_bench();
    bench.accept(CLIENT);
    let mut commands = Vec::new();
    for command in case["commands"].as_array().expect("commands") {
        commands.extend(repeated(command));
    }
    for command in &commands {
        if let Reply::Error(text) = ask(&mut bench, command) {
            return Some(text.into_owned());
        }
    }
    let mut say = |line: &str| {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        ask(&mut bench, &words)
    };
    let bulk = |text: &Json| Reply::bulk(text.as_str().expect("a text"));
    let line = |text: &Json| Reply::Simple(text.as_str().expect("a text").to_owned().into());
    let Reply::Bulk(dump) = say("DUMP k") else { return Some("no DUMP".into()) };
    let found = [
        (say("TYPE k"), line(&case["type"])),
        (say("OBJECT ENCODING k"), bulk(&case["encoding"])),
        (say("DEBUG DIGEST-VALUE k"), Reply::Array(vec![line(&case["digest"])])),
        (Reply::count(dump.len() as u64), Reply::Integer(case["dump_len"].as_i64().expect("n"))),
    ];
    if let Some((got, wanted)) = found.into_iter().find(|(got, wanted)| got != wanted) {
        return Some(format!("wanted {wanted:?}, got {got:?}"));
    }
    // The order of a table is each server's own, and so are the times at which a group was read.
    let name = case["name"].as_str().expect("a name");
    let varies = case["encoding"] == "hashtable" || name.ends_with("(times vary)");
    let hash = hex(&Sha256::digest(&dump));
    if !varies && hash != case["dump_sha256"].as_str().expect("a hash") {
        return Some(format!("wanted DUMP {}, got {}", case["dump"], hex(&dump)));
    }
    restore_fault(&mut bench, &dump, &case["digest"])
}

/// What is wrong with the value that is made of a payload.
fn restore_fault(bench: &mut Bench, dump: &[u8], digest: &Json) -> Option<String> {
    ask(bench, &[b"RESTORE".to_vec(), b"copy".to_vec(), b"0".to_vec(), dump.to_vec()]);
    let words = ["DEBUG", "DIGEST-VALUE", "copy"].map(|word| word.as_bytes().to_vec());
    let wanted = Reply::Simple(digest.as_str().expect("a digest").to_owned().into());
    let wanted = Reply::Array(vec![wanted]);
    let got = ask(bench, &words);
    (got != wanted).then(|| format!("restored: wanted {wanted:?}, got {got:?}"))
}

#[test]
fn every_recorded_request_is_answered_byte_for_byte() {
    let vectors: Json = read(include_str!("../vectors/resp-7.2.4.json"));
    let vectors = vectors["vectors"].as_array().expect("vectors");
    assert_eq!(vectors.len(), 97);
    let mut bench = new_bench();
    let mut faults = Vec::new();
    for (index, vector) in (0..).zip(vectors) {
        let name = vector["name"].as_str().expect("a name");
        let link = Link::accepted(index);
        bench.accept(link);
        let (heard, closed) = converse(&mut bench, link, vector);
        let wanted = latin1(vector["reply"].as_str().expect("a reply"));
        let closes = vector["server_closed"].as_bool().expect("a flag");
        if without_id(&heard) != without_id(&wanted) || closed != closes {
            faults.push(format!(
                "{name}:\n  wanted {} (closed: {closes})\n  got    {} (closed: {closed})",
                wanted.escape_ascii(),
                heard.escape_ascii(),
            ));
        }
        if !closed {
            bench.tell(Input::Closed { link });
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Everything that a connection hears, and whether the server closes it.
fn converse(bench: &mut Bench, link: Link, vector: &Json) -> (Vec<u8>, bool) {
    let mut orders = Vec::new();
    for write in vector["request"].as_array().expect("a list") {
        orders.extend(bench.receive(link, &request(write)));
    }
    let end = bench.now + Duration::from_millis(300);
    while let Some(deadline) = bench.node.deadline().filter(|deadline| deadline.at <= end) {
        bench.now = bench.now.max(deadline.at);
        orders.extend(bench.tell(Input::Woke));
    }
    (sent_to(link, &orders), orders.contains(&Output::Close { link }))
}

/// One write: as recorded, or a beginning whose last letter goes on to some length.
fn request(write: &Json) -> Vec<u8> {
    match write {
        Json::String(text) => latin1(text),
        _ => {
            let mut bytes = latin1(write["prefix"].as_str().expect("a beginning"));
            let last = *bytes.last().expect("it is not empty");
            bytes.resize(write["len"].as_u64().expect("a length") as usize, last);
            bytes
        }
    }
}

/// The id of the connection in HELLO's reply is each server's own.
fn without_id(bytes: &[u8]) -> Vec<u8> {
    const ID: &[u8] = b"$2\r\nid\r\n:";
    let Some(at) = bytes.windows(ID.len()).position(|window| window == ID) else {
        return bytes.to_vec();
    };
    let (before, rest) = bytes.split_at(at + ID.len());
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    [before, &rest[digits..]].concat()
}

fn new_bench() -> Bench {
    Bench::started(Setup::default(), Instant::from_millis(1_742_822_352_000))
}

fn ask(bench: &mut Bench, args: &[Vec<u8>]) -> Reply {
    let mut bytes = Vec::new();
    encode_command(args, &mut bytes);
    let mut decoder = ReplyDecoder::default();
    decoder.feed(&sent_to(CLIENT, &bench.receive(CLIENT, &bytes)));
    decoder.next_reply().expect("a reply is sound").expect("a command is answered")
}

/// The commands of one entry: one command, or one for each number of a range.
fn repeated(command: &Json) -> Vec<Vec<Vec<u8>>> {
    let words = |list: &Json| -> Vec<Vec<u8>> {
        let words = list.as_array().expect("a command is a list").iter();
        words.map(|word| latin1(word.as_str().expect("a word"))).collect()
    };
    if command.is_array() {
        return vec![words(command)];
    }
    let bound = |name: &str| command[name].as_u64().expect("a bound");
    let template = words(&command["repeat"]);
    let fill = |i| template.iter().map(|word| numbered(word, i)).collect();
    (bound("start")..bound("end")).map(fill).collect()
}

/// A word with a number in the place of `{i}`, or of `{i:04d}` with its zeros.
fn numbered(word: &[u8], i: u64) -> Vec<u8> {
    let word = String::from_utf8_lossy(word);
    let Some((before, rest)) = word.split_once("{i") else { return word.as_bytes().to_vec() };
    let (format, after) = rest.split_once('}').expect("the brace is closed");
    let digits = format.trim_start_matches(':').trim_end_matches('d').parse().unwrap_or(0);
    format!("{before}{i:0digits$}{after}").into_bytes()
}

fn read(text: &str) -> Json {
    serde_json::from_str(text).expect("the vectors are JSON")
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("the vectors are Latin-1")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
