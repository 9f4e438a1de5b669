"""redis-py against a node: redis_py.py PORT. Any difference from Redis ends it with a traceback."""

import sys
import threading
import time

import redis

port = int(sys.argv[1])


def connect(protocol):
    return redis.Redis(port=port, protocol=protocol, decode_responses=True, socket_timeout=10)


def strings(r):
    assert r.set("s", "v") is True
    assert r.set("s", "w", nx=True) is None
    assert r.set("s", "w", get=True) == "v"
    assert r.get("s") == "w" and r.get("absent") is None
    assert r.incrby("n", 41) == 41 and r.incr("n") == 42
    assert r.incrbyfloat("f", 10.5) == 10.5
    assert r.append("s", "xyz") == 4 and r.getrange("s", 1, 2) == "xy"
    assert r.mset({"a": 1, "b": 2}) is True and r.mget("a", "b", "c") == ["1", "2", None]
    assert r.setex("e", 100, "soon") is True and 98 <= r.ttl("e") <= 100
    assert r.persist("e") is True and r.ttl("e") == -1
    assert r.type("s") == "string" and r.exists("s", "n", "no") == 2
    assert r.rename("a", "aa") is True and r.delete("aa", "b") == 2
    try:
        r.incr("s")
    except redis.ResponseError as error:
        assert str(error) == "value is not an integer or out of range", error
    else:
        raise AssertionError("INCR of a word is refused")


def lists(r):
    assert r.rpush("l", "a", "b", "c") == 3 and r.lpush("l", "z") == 4
    assert r.lrange("l", 0, -1) == ["z", "a", "b", "c"]
    assert r.lpop("l") == "z" and r.rpop("l", 2) == ["c", "b"]
    assert r.linsert("l", "before", "a", "0") == 2 and r.lindex("l", 0) == "0"
    assert r.lmove("l", "m", "LEFT", "RIGHT") == "0" and r.llen("l") == 1
    assert r.lpos("l", "a") == 0 and r.lset("l", 0, "A") is True


def sets(r):
    assert r.sadd("x", "1", "2", "3") == 3 and r.sadd("y", "2", "3", "4") == 2 + 1
    assert r.smembers("x") == {"1", "2", "3"}
    assert r.sinter("x", "y") == {"2", "3"} and r.sdiff("x", "y") == {"1"}
    assert r.sunionstore("z", "x", "y") == 4 and r.scard("z") == 4
    assert r.sismember("x", "1") == 1 and r.smismember("x", ["1", "9"]) == [1, 0]
    assert r.spop("z") in {"1", "2", "3", "4"} and r.srem("x", "1") == 1


def hashes(r):
    assert r.hset("h", mapping={"f": "1", "g": "2"}) == 2
    assert r.hgetall("h") == {"f": "1", "g": "2"} and r.hmget("h", "f", "q") == ["1", None]
    assert r.hincrby("h", "f", 4) == 5 and r.hincrbyfloat("h", "g", 0.5) == 2.5
    assert r.hdel("h", "f") == 1 and r.hkeys("h") == ["g"] and r.hlen("h") == 1


def sorted_sets(r):
    assert r.zadd("zs", {"a": 1, "b": 2.5, "c": 3}) == 3
    # As pairs in RESP2, as lists of two in RESP3.
    scored = [tuple(pair) for pair in r.zrange("zs", 0, -1, withscores=True)]
    assert scored == [("a", 1.0), ("b", 2.5), ("c", 3.0)]
    assert r.zscore("zs", "b") == 2.5 and r.zrank("zs", "c") == 2
    assert r.zrangebyscore("zs", "(1", "+inf") == ["b", "c"]
    assert r.zincrby("zs", 10, "a") == 11.0 and r.zcount("zs", 0, 5) == 2
    # One pair in RESP2, its two halves in RESP3.
    assert r.zpopmin("zs") in ([("b", 2.5)], ["b", 2.5])
    assert r.zmscore("zs", ["c", "q"]) == [3.0, None]
    assert r.zadd("zs", {"c": 4}, gt=True, ch=True) == 1


def pipelines(r):
    with r.pipeline(transaction=False) as pipe:
        for n in range(1000):
            pipe.set(f"p:{n}", n)
        assert all(pipe.execute())
    with r.pipeline() as pipe:
        pipe.incr("t").lpush("t", "x").incr("t")
        replies = pipe.execute(raise_on_error=False)
    assert replies[0] == 1 and replies[2] == 2, replies
    assert isinstance(replies[1], redis.ResponseError), replies
    assert str(replies[1]).endswith("WRONGTYPE Operation against a key holding the wrong kind of value")


def watched(r):
    with r.pipeline() as pipe:
        pipe.watch("w")
        r.set("w", "stolen")
        pipe.multi()
        pipe.set("w", "mine")
        try:
            pipe.execute()
        except redis.WatchError:
            pass
        else:
            raise AssertionError("a watched key was touched")
    assert r.get("w") == "stolen"

    def once_more(pipe):
        held = pipe.get("w")
        pipe.multi()
        pipe.set("w", held + " back")

    assert r.transaction(once_more, "w") == [True] and r.get("w") == "stolen back"


def blocking(r, other):
    def later():
        time.sleep(0.1)
        other.rpush("queue", "job")

    thread = threading.Thread(target=later)
    thread.start()
    assert r.blpop(["none", "queue"], timeout=5) == answer(r, "queue", "job")
    thread.join()
    assert r.blpop("queue", timeout=1) is None
    other.zadd("zqueue", {"z": 1})
    assert list(r.bzpopmin("zqueue", timeout=1))[:2] == ["zqueue", "z"]


def answer(r, *words):
    """redis-py gives a tuple with RESP2 and a list with RESP3."""
    return list(words) if r.get_connection_kwargs().get("protocol") == 3 else words


def scans(r):
    assert len(set(r.scan_iter("p:*", count=17))) == 1000
    r.hset("big", mapping={f"f{n}": n for n in range(700)})
    assert len(dict(r.hscan_iter("big"))) == 700
    r.sadd("bigset", *[f"m{n}" for n in range(700)])
    assert len(set(r.sscan_iter("bigset"))) == 700
    r.zadd("bigzset", {f"m{n}": n for n in range(700)})
    assert len(dict(r.zscan_iter("bigzset"))) == 700


def server(r):
    assert r.ping() is True and r.echo("x") == "x"
    assert r.info("server")["redis_version"].startswith("7.")
    assert r.config_get("maxmemory*")["maxmemory-policy"] == "noeviction"
    assert r.config_set("repl-timeout", 61) is True
    assert r.config_get("repl-timeout") == {"repl-timeout": "61"}
    assert r.client_setname("tester") is True and r.client_getname() == "tester"
    assert isinstance(r.client_id(), int) and r.dbsize() > 1000
    assert any(client["name"] == "tester" for client in r.client_list())
    assert r.role()[0] == "master" and len(r.time()) == 2
    assert r.object("encoding", "n") == "int"
    assert r.restore("copy", 0, r_raw.dump("zs")) and r.zrange("copy", 0, -1) == r.zrange("zs", 0, -1)


def scripts(r):
    add = r.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    assert add(keys=["scripted"], args=[5]) == 5 and add(keys=["scripted"], args=[2]) == 7
    assert r.script_exists(add.sha) == [True]
    assert r.eval("return {KEYS[1], ARGV[1], 3}", 1, "k", "a") == ["k", "a", 3]
    assert r.script_flush() is True and r.script_exists(add.sha) == [False]
    pipe = r.pipeline()
    add(keys=["scripted"], args=[1], client=pipe)
    assert pipe.execute() == [8]
    try:
        r.eval("return redis.call('INCR', 'nosuch', 1)", 0)
        raise AssertionError("no error")
    except redis.ResponseError as error:
        assert "Wrong number of args" in str(error), error
    code = "#!lua name=py\nredis.register_function('twice', function(keys, args) " \
        "return args[1] * 2 end)"
    assert r.function_load(code, replace=True) == "py"
    assert r.fcall("twice", 0, 21) == 42
    assert len(r.function_list()) == 1 and r.function_delete("py")
    lock = r.lock("mutex", timeout=10)
    assert lock.acquire(blocking=False) and lock.locked() and lock.owned()
    assert not r.lock("mutex", timeout=10).acquire(blocking=False)
    assert lock.extend(20) and lock.reacquire()
    lock.release()
    assert not r.exists("mutex")
    multiply = r.register_script("""
        local value = redis.call('GET', KEYS[1])
        value = tonumber(value)
        return value * ARGV[1]""")
    r.set("factor", 2)
    assert multiply(keys=["factor"], args=[5]) == 10
    pack = r.register_script("return cmsgpack.unpack(cmsgpack.pack(cjson.decode(ARGV[1]).names))[2]")
    assert pack(args=['{"names": ["a", "b"]}']) == "b"


def streams(r):
    """The walk of redis-py's own notebook on streams: two streams, read on and on, then by groups."""
    for n in range(10):
        r.xadd("skey", {"ts": time.time(), "v": n})
    assert r.xlen("skey") == 10
    read = entries(r.xread(count=2, streams={"skey": 0}))["skey"]
    assert [fields["v"] for _, fields in read] == ["0", "1"] and "ts" in read[0][1]
    assert entries(r.xread(count=2, streams={"skey": 0}))["skey"] == read
    read = entries(r.xread(count=2, streams={"skey": read[-1][0]}))["skey"]
    assert [fields["v"] for _, fields in read] == ["2", "3"]
    assert not r.xread(count=1, block=100, streams={"skey": "$"})
    for n in range(1000, 1010):
        r.xadd("s2key", {"v": n})
    both = entries(r.xread(count=1, streams={"skey": 0, "s2key": 0}))
    assert both["skey"][0][1]["v"] == "0" and both["s2key"][0][1]["v"] == "1000"
    assert r.xgroup_create("skey", "grp1", id=0) and r.xgroup_create("s2key", "grp2", id=0)
    mine = entries(r.xreadgroup("grp1", "c", count=2, streams={"skey": ">"}))["skey"]
    yours = entries(r.xreadgroup("grp1", "d", count=1, streams={"skey": ">"}))["skey"]
    assert [fields["v"] for _, fields in mine + yours] == ["0", "1", "2"]
    assert r.xack("skey", "grp1", mine[0][0]) == 1
    pending = r.xpending("skey", "grp1")
    assert pending["pending"] == 2 and pending["min"] == mine[1][0]
    assert [(one["name"], one["pending"]) for one in pending["consumers"]] == [("c", 1), ("d", 1)]
    waiting = r.xpending_range("skey", "grp1", min="-", max="+", count=10)
    assert [(one["consumer"], one["times_delivered"]) for one in waiting] == [("c", 1), ("d", 1)]
    claimed = r.xclaim("skey", "grp1", "d", 0, [mine[1][0]])
    assert [id for id, _ in claimed] == [mine[1][0]]
    assert r.xautoclaim("skey", "grp1", "c", min_idle_time=0)[1][0][0] == mine[1][0]
    groups = r.xinfo_groups("skey")
    assert (groups[0]["name"], groups[0]["consumers"], groups[0]["pending"]) == ("grp1", 2, 2)
    assert (groups[0]["entries-read"], groups[0]["lag"]) == (3, 7)
    assert {one["name"] for one in r.xinfo_consumers("skey", "grp1")} == {"c", "d"}
    about = r.xinfo_stream("skey")
    assert about["length"] == 10 and about["first-entry"][1]["v"] == "0"
    assert r.xinfo_stream("skey", full=True)["groups"][0]["name"] == "grp1"
    assert r.xrange("skey", count=1)[0][1]["v"] == "0" and r.xrevrange("skey")[0][1]["v"] == "9"
    assert r.xdel("skey", mine[0][0]) == 1 and r.xtrim("skey", maxlen=5, approximate=False) == 4
    assert r.xgroup_setid("skey", "grp1", id="$") and r.xgroup_delconsumer("skey", "grp1", "c") == 2
    assert r.xgroup_destroy("skey", "grp1") is True and r.xinfo_groups("skey") == []
    assert r.xadd("capped", {"f": "v"}, id="5-1", maxlen=1) == "5-1"
    assert r.xadd("capped", {"f": "v"}, nomkstream=True, maxlen=1, approximate=False).endswith("-0")


def entries(read):
    """What was read, by stream: redis-py gives a list with RESP2, and a dictionary of lists of lists
    with RESP3."""
    if isinstance(read, dict):
        return {name: pieces[0] for name, pieces in read.items()}
    return dict(read)


def places(r):
    sicily = (13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania")
    assert r.geoadd("Sicily", sicily) == 2 and r.geoadd("Sicily", sicily[:3], nx=True) == 0
    assert float(r.geodist("Sicily", "Palermo", "Catania", unit="km")) == 166.2742
    assert r.geodist("Sicily", "Palermo", "nowhere") is None
    assert r.geohash("Sicily", "Palermo", "Catania") == ["sqc8b49rny0", "sqdtr74hyu0"]
    (longitude, latitude), nowhere = r.geopos("Sicily", "Palermo", "nowhere")
    assert abs(longitude - 13.361389) < 1e-5 and abs(latitude - 38.115556) < 1e-5 and nowhere is None
    near = r.geosearch("Sicily", longitude=15, latitude=37, radius=200, unit="km", sort="ASC")
    assert near == ["Catania", "Palermo"]
    told = r.geosearch(
        "Sicily", member="Palermo", width=400, height=400, unit="km", withcoord=True, withdist=True,
        withhash=True, sort="DESC", count=1,
    )
    assert told[0][:3] == ["Catania", 166.2742, 3479447370796909], told
    assert r.geosearchstore("near", "Sicily", member="Catania", radius=1, unit="km") == 1
    assert r.zrange("near", 0, -1) == ["Catania"]
    assert r.georadius("Sicily", 15, 37, 100, unit="km") == ["Catania"]
    assert r.georadiusbymember("Sicily", "Palermo", 1, unit="m") == ["Palermo"]
    assert r.zscore("Sicily", "Palermo") == 3479099956230698.0


def packed(r):
    assert r.setbit("bits", 7, 1) == 0 and r.getbit("bits", 7) == 1 and r.bitcount("bits") == 1
    assert r.bitop("NOT", "flipped", "bits") == 1 and r.bitpos("flipped", 0) == 7
    fields = r.bitfield("field", default_overflow="SAT")
    assert fields.set("u8", "#0", 250).incrby("u8", "#0", 10).get("i4", 0).execute() == [0, 255, -1]
    assert r.pfadd("seen", "a", "b", "c") == 1 and r.pfadd("also", "c", "d") == 1
    assert r.pfcount("seen", "also") == 4 and r.pfmerge("all", "seen", "also") and r.pfcount("all") == 4
    r.rpush("ids", "3", "1", "2")
    r.mset({"w_1": 30, "w_2": 20, "w_3": 10, "o_1": "one", "o_2": "two", "o_3": "three"})
    assert r.sort("ids", desc=True) == ["3", "2", "1"]
    assert r.sort("ids", by="w_*", get=["#", "o_*"], groups=True) == [("3", "three"), ("2", "two"), ("1", "one")]
    assert r.sort("ids", alpha=True, store="sorted") == 3 and r.lrange("sorted", 0, -1) == ["1", "2", "3"]


def published(r, other):
    subscriber = other.pubsub()
    subscriber.subscribe("news")
    subscriber.psubscribe("n*")
    kinds = [subscriber.get_message(timeout=5)["type"] for _ in range(2)]
    assert kinds == ["subscribe", "psubscribe"], kinds
    assert r.publish("news", "hello") == 2
    got = [subscriber.get_message(timeout=5) for _ in range(2)]
    assert [(m["type"], m["data"]) for m in got] == [("message", "hello"), ("pmessage", "hello")]
    subscriber.close()


for protocol in (2, 3):
    r, other = connect(protocol), connect(protocol)
    r_raw = redis.Redis(port=port, protocol=protocol, socket_timeout=10)
    assert r.flushall() is True
    for part in (strings, lists, sets, hashes, sorted_sets, pipelines, watched, scans, scripts, streams,
                 places, packed, server):
        part(r)
    blocking(r, other)
    published(r, other)
    print(f"redis-py {redis.__version__}, RESP{protocol}: all as expected")
