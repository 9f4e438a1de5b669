//! Scripts, beside a real `redis-server`.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the tests have a world")]

#[path = "interop/servers.rs"]
#[allow(dead_code, reason = "each test uses its own part")]
mod servers;

use replica_lab::resp::Reply;
use servers::{Client, Server};

/// Snippets that cannot agree, by how they begin, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("local t = {}; t[nil] = 1", "the interpreter does not say where"),
    ("return string.find('x', '[a')", "the interpreter finds nothing with a broken pattern"),
    ("return string.find('x', '%')", "the same"),
    ("local t = {}; for k, v in pairs(_G)", "Redis' handler of errors is native here"),
    ("return tostring(cjson.null)", "the interpreter shows no address as one"),
    ("return tostring(cjson.decode(\"nan\"))", "a number that is none has no sign here"),
    ("return struct.pack('i')", "an argument that is missing is told from nil"),
];

#[test]
fn every_snippet_is_answered_as_redis_answers_it() {
    let servers = [Server::real(&[]), Server::ours(&["--profile", "7.0"])];
    let mut clients = servers.each_ref().map(Server::client);
    clients.iter_mut().for_each(furnish);
    let snippets = snippets(include_str!("scripting/snippets.txt"));
    assert!(snippets.len() > 400, "{} snippets", snippets.len());
    let (mut faults, mut excused) = (Vec::new(), 0);
    for snippet in &snippets {
        let words = ["EVAL", snippet, "2", "k1", "k2", "a1", "22"];
        let [real, ours] = clients.each_mut().map(|client| client.call(&words));
        if EXCEPTIONS.iter().any(|(begins, _)| snippet.starts_with(begins)) {
            assert_ne!(real, ours, "{snippet}: no exception any more");
            excused += 1;
        } else if real != ours {
            faults.push(format!("{snippet}\n   real: {real:?}\n   ours: {ours:?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), snippets.len(), faults.join("\n"));
    assert_eq!(excused, EXCEPTIONS.len());
}

/// What the snippets find.
fn furnish(client: &mut Client) {
    for line in ["RPUSH l a b", "HSET h f v", "ZADD z 1.5 m", "SADD s x"] {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(matches!(client.call(&words), Reply::Integer(_)));
    }
}

/// The paragraphs of a file behind its heading.
fn snippets(text: &str) -> Vec<&str> {
    let (_, text) = text.split_once("\n\n").expect("a heading");
    text.trim_end().split("\n---\n").collect()
}

const SCRIPTS: &[&str] = &[
    "SCRIPT LOAD 'return 1'",
    "SCRIPT LOAD 'return 1'",
    "SCRIPT LOAD 'x('",
    "EVAL_RO \"return redis.pcall('PUBLISH', 'c', 'm')\" 0",
    "EVAL_RO \"return redis.pcall('SPUBLISH', 'c', 'm')\" 0",
    "EVAL_RO \"return redis.pcall('PFCOUNT', 'k')\" 0",
    "EVAL \"#!lua flags=no-writes\\nreturn redis.pcall('PFCOUNT', 'k')\" 0",
    "SCRIPT LOAD '#!lua flags=nosuch\nreturn 1'",
    "SCRIPT EXISTS nosuch E0E1F9FABFC9D4800C877A703B823AC0578FF8DB",
    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
    "EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0",
    "EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db x",
    "EVALSHA short 0",
    "EVALSHA 0000000000000000000000000000000000000000 0",
    "EVALSHA 0000000000000000000000000000000000000000 x",
    "SCRIPT EXISTS",
    "SCRIPT FLUSH nosuch",
    "SCRIPT FLUSH sync",
    "SCRIPT FLUSH async sync",
    "EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0",
    "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db",
    "SCRIPT KILL",
    "SCRIPT DEBUG no",
    "SCRIPT DEBUG maybe",
    "SCRIPT NOSUCH",
    "SCRIPT HELP",
    "SCRIPT",
    "EVAL",
    "EVAL 'return 1'",
    "EVAL 'return 1' x",
    "EVAL 'return 1' 2 a",
    "EVAL 'return 1' -1",
    "EVAL 'x(' 0",
    "EVAL '#!lua' 0",
    "EVAL '#!lua\nreturn 1' 0",
    "EVAL '#!lua name=x\nreturn 1' 0",
    "EVAL '#!lua flags=no-writes,allow-stale\nreturn 1' 0",
    "EVAL '#!lua flags=\nreturn 1' 0",
    "EVAL '#!python\nreturn 1' 0",
    "EVAL '#!lua flags=no-writes\nreturn redis.call(\"set\",\"a\",\"b\")' 0",
    "EVAL '#!lua flags=no-writes\nreturn redis.call(\"get\",\"a\")' 0",
    "EVAL '#!lua\n\nerror(\"third line\")' 0",
    "EVAL '# no shebang\nreturn 1' 0",
    "EVAL_RO 'return redis.call(\"set\",\"a\",\"b\")' 0",
    "EVAL_RO 'return redis.call(\"get\",\"a\")' 0",
    "EVAL_RO '#!lua\nreturn 1' 0",
    "EVAL_RO '#!lua flags=no-writes\nreturn 1' 0",
    "MULTI",
    "EVAL 'redis.call(\"set\",\"a\",1) return redis.call(\"incr\",\"a\")' 0",
    "GET a",
    "EVAL 'return redis.call(\"nosuch\")' 0",
    "EXEC",
    "SELECT 2",
    "EVAL 'redis.call(\"select\",3) redis.call(\"set\",\"three\",1)' 0",
    "DBSIZE",
    "SELECT 3",
    "KEYS *",
    "WATCH three",
    "EVAL 'redis.call(\"set\",\"three\",2)' 0",
    "MULTI",
    "GET three",
    "EXEC",
    "HELLO 3",
    "EVAL 'return {1, false, true, {double=1.5}, {map={a=1}}, {set={x=true}}}' 0",
    "EVAL 'redis.setresp(3) return {1, false, true}' 0",
    "EVAL 'redis.setresp(3) return redis.call(\"config\")' 0",
    "COMMAND GETKEYS EVAL 'return 1' 2 a b c",
    "COMMAND INFO evalsha evalsha_ro",
    "INFO nosuch",
    "CONFIG SET maxmemory 1",
    "EVAL 'return redis.call(\"set\",\"a\",1)' 0",
    "EVAL '#!lua\nreturn 1' 0",
    "EVAL '#!lua flags=allow-oom\nreturn redis.call(\"set\",\"a\",1)' 0",
    "EVAL '#!lua flags=no-writes\nreturn 1' 0",
    "EVAL 'redis.call(\"del\",\"a\") return redis.call(\"set\",\"a\",1)' 0",
    "CONFIG SET maxmemory 0",
    "CONFIG SET min-replicas-to-write 1",
    "EVAL 'return redis.call(\"set\",\"a\",1)' 0",
    "EVAL '#!lua\nreturn 1' 0",
    "EVAL 'return 1' 0",
    "CONFIG SET min-replicas-to-write 0",
    "REPLICAOF 127.0.0.1 1",
    "EVAL 'return redis.call(\"set\",\"a\",1)' 0",
    "EVAL '#!lua\nreturn 1' 0",
    "EVAL '#!lua flags=no-writes\nreturn redis.call(\"get\",\"a\")' 0",
    "CONFIG SET replica-serve-stale-data no",
    "EVAL 'return 1' 0",
    "EVAL '#!lua flags=no-writes\nreturn 1' 0",
    "EVAL '#!lua flags=no-writes,allow-stale\nreturn redis.call(\"get\",\"a\")' 0",
    "EVAL '#!lua flags=no-writes,allow-stale\nreturn redis.call(\"time\")[3]' 0",
];

#[test]
fn the_commands_of_scripts_answer_alike() {
    let servers = [Server::real(&[]), Server::ours(&["--profile", "7.0"])];
    servers::both_answer_alike(&servers, SCRIPTS);
    let kept = |server: &Server| server.info("memory", "number_of_cached_scripts");
    assert_eq!(kept(&servers[0]), kept(&servers[1]));
}

/// Nothing that a script does keeps a server from its next command.
#[test]
fn no_script_is_endless_or_boundless() {
    let server = Server::ours(&[]);
    let mut client = server.client();
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return f() end return f()",
        "coroutine.wrap(function() while true do end end)()",
        "local c = coroutine.create(function() while true do end end) while true do \
         coroutine.resume(c) end",
    ] {
        let Reply::Error(text) = client.call(&["EVAL", script, "0"]) else { panic!("{script}") };
        assert!(text.starts_with("ERR Script killed: it has carried out 5"), "{script}: {text}");
    }
    for script in [
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local t = {} while true do t[#t + 1] = #t .. 'x' end",
        "return ('x'):rep(1e9)",
        "return ('x'):rep(1e6):gsub('x', ('y'):rep(1e6))",
        "local s, t = ('x'):rep(1e6), {} for i = 1, 1e5 do t[i] = s end return table.concat(t)",
        "redis.call('set', 'big', ('x'):rep(1e6)) local t = {} while true do t[#t + 1] = \
         redis.call('append', 'big', #t) .. redis.call('get', 'big') end",
    ] {
        let Reply::Error(text) = client.call(&["EVAL", script, "0"]) else { panic!("{script}") };
        assert!(text.contains("not enough memory"), "{script}: {text}");
    }
    let mut other = server.client();
    other.send(b"EVAL 'local t = {} t[1] = t return t' 0\r\n");
    for (script, text) in [
        ("local function f() return 1 + f() end return f()", "stack overflow"),
        ("local function f() return pcall(f) end return f()", ""),
        ("return loadstring(('('):rep(1e5))", ""),
        ("return loadstring('return ' .. ('-'):rep(1e5) .. '1')", ""),
        ("return loadstring('x = ' .. ('{'):rep(1e5))", ""),
        ("local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x", "loop"),
    ] {
        let reply = client.call(&["EVAL", script, "0"]);
        if !text.is_empty() {
            let Reply::Error(error) = reply else { panic!("{script}") };
            assert!(error.contains(text), "{script}: {error}");
        }
        assert_eq!(client.call(&["PING"]), Reply::Simple("PONG".into()), "{script}");
    }
}

const LIBRARY: &str = "#!lua name=lib
redis.register_function('args', function(keys, args) return {keys, args} end)
redis.register_function{function_name='ro', callback=function() return redis.call('get', 'a') end,
  flags={'no-writes'}, description='reads a'}
redis.register_function('writes', function() redis.call('set', 'a', 1)
  return redis.call('incr', 'a') end)
redis.register_function('global', function() x = 1 end)
redis.register_function('unknown', function() return KEYS end)
redis.register_function('fails', function() return redis.call('nosuch') end)
redis.register_function('raises', function() error('x') end)
redis.register_function('again', function() redis.register_function('z', print) end)
redis.register_function('api', function() local t = {} for k in pairs(redis) do t[#t + 1] = k end
  table.sort(t) return t end)
redis.log(redis.LOG_DEBUG, 'read')
";

/// Bodies that are no library.
const FAULTY: &[&str] = &[
    "x(",
    "return 1",
    "error('x')",
    "redis.call('ping')",
    "redis.x = 1",
    "x = 1",
    "local s = string",
    "local s = _G",
    "local x = {}; x.y.z = 1",
    "redis.register_function()",
    "redis.register_function('f')",
    "redis.register_function(1, 2)",
    "redis.register_function({}, function() end)",
    "redis.register_function('f', function() end, 1)",
    "redis.register_function('a-b', function() end)",
    "redis.register_function('', function() end)",
    "redis.register_function{1}",
    "redis.register_function{function_name='f'}",
    "redis.register_function{callback=function() end}",
    "redis.register_function{function_name='f', callback=1}",
    "redis.register_function{function_name={}, callback=function() end}",
    "redis.register_function{function_name='f', callback=function() end, more=1}",
    "redis.register_function{function_name='f', callback=function() end, flags={'x'}}",
    "redis.register_function('f', function() end) redis.register_function('f', function() end)",
    "redis.register_function('args', function() end)",
];

const FUNCTIONS: &[&str] = &[
    "FUNCTION LOAD x",
    "FUNCTION LOAD",
    "FUNCTION LOAD nosuch x",
    "FUNCTION LOAD REPLACE",
    "FUNCTION LOAD '#!lua'",
    "FUNCTION LOAD '#!lua\nx'",
    "FUNCTION LOAD '#!lua name=a b=c\nx'",
    "FUNCTION LOAD '#!lua name=a name=b\nx'",
    "FUNCTION LOAD '#!lua name=a-b\nx'",
    "FUNCTION LOAD '#!nosuch name=a\nx'",
    "FUNCTION LOAD '#!lua name=lib\nx'",
    "FCALL args 1 k a b",
    "FCALL ARGS 0",
    "FCALL args x",
    "FCALL args 5",
    "FCALL args -1",
    "FCALL nosuch x",
    "FCALL",
    "FCALL args",
    "FCALL writes 0",
    "FCALL_RO ro 0",
    "FCALL_RO writes 0",
    "FCALL global 0",
    "FCALL unknown 0",
    "FCALL fails 0",
    "FCALL raises 0",
    "FCALL again 0",
    "FCALL api 0",
    "FUNCTION LIST nosuch",
    "FUNCTION LIST LIBRARYNAME",
    "FUNCTION LIST WITHCODE WITHCODE",
    "FUNCTION LIST LIBRARYNAME nosuch",
    "FUNCTION STATS",
    "FUNCTION KILL",
    "FUNCTION HELP",
    "FUNCTION NOSUCH",
    "FUNCTION DELETE nosuch",
    "FUNCTION DELETE",
    "FUNCTION FLUSH nosuch",
    "MULTI",
    "FCALL writes 0",
    "FCALL raises 0",
    "EXEC",
    "HELLO 3",
    "FUNCTION STATS",
    "FUNCTION DELETE lib",
    "FCALL args 0",
    "FUNCTION LOAD '#!lua name=one\nredis.register_function{function_name=\"f\", callback=\
     function() return 1 end, flags={\"no-writes\", \"allow-stale\"}}'",
    "FUNCTION LIST WITHCODE",
    "FUNCTION DUMP",
    "FUNCTION LOAD REPLACE '#!LUA NAME=one\nredis.register_function(\"g\", function() return 2 \
     end)'",
    "FUNCTION LIST",
    "FCALL f 0",
    "FCALL g 0",
    "REPLICAOF 127.0.0.1 1",
    "FCALL g 0",
    "REPLICAOF NO ONE",
    "FUNCTION FLUSH",
    "FUNCTION LIST",
];

#[test]
fn functions_answer_alike() {
    let servers = [Server::real(&[]), Server::ours(&["--profile", "7.0"])];
    let load = |body: &str| format!("FUNCTION LOAD \"#!lua name=other\n{body}\"");
    let mut lines = vec![format!("FUNCTION LOAD \"{LIBRARY}\"")];
    lines.extend(FAULTY.iter().map(|body| load(body)));
    lines.extend(FUNCTIONS.iter().map(|line| (*line).to_owned()));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    servers::both_answer_alike(&servers, &lines);
}

/// A replica of the other kind has the same data and the same functions as its master.
#[test]
fn what_scripts_do_is_replicated_both_ways() {
    let options = ["--repl-diskless-sync-delay", "0"];
    let version = ["--repl-diskless-sync-delay", "0", "--profile", "7.0"];
    let pairs = [
        [Server::real(&options), Server::ours(&version)],
        [Server::ours(&version), Server::real(&options)],
    ];
    for [master, replica] in &pairs {
        let mut client = master.client();
        client.call(&["FUNCTION", "LOAD", LIBRARY]);
        replica.follow(master);
        let up = || replica.info("replication", "master_link_status") == "up";
        servers::eventually("the link is up", up);
        for script in [
            "redis.call('set', 'a', 1) redis.call('incr', 'a') return 1",
            "redis.call('set', 't', 1, 'px', 100000) redis.call('incr', 'nosuch') error('x')",
            "redis.call('select', 2) redis.call('rpush', 'l', 1, 2, 3) redis.call('lpop', 'l')",
            "redis.set_repl(redis.REPL_ALL) for i = 1, 50 do redis.call('sadd', 's', i) end",
            "redis.call('incr', 't') redis.call('lpush', 't', 1)",
            "for i = 1, 3 do redis.call('spop', 's') end",
            "redis.call('publish', 'c', 'm')",
        ] {
            client.call(&["EVAL", script, "0"]);
        }
        client.call(&["FCALL", "writes", "0"]);
        client.call(&["FUNCTION", "LOAD", "REPLACE", LIBRARY]);
        let offset = |server: &Server| server.info("replication", "master_repl_offset");
        servers::eventually("the offsets are equal", || offset(master) == offset(replica));
        let both = [master, replica];
        for words in [["DEBUG", "DIGEST"], ["FUNCTION", "DUMP"], ["FUNCTION", "STATS"]] {
            let [one, other] = both.map(|server| server.client().call(&words));
            assert_eq!(one, other, "{words:?}");
        }
        let refused = replica.client().call(&["FCALL", "writes", "0"]);
        let text = "READONLY You can't write against a read only replica.";
        assert_eq!(refused, Reply::error(text));
    }
}
