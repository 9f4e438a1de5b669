// ioredis against a node: ioredis.mjs PORT. Any difference from Redis ends it with an exception.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

// The packages are kept under target/, not beside this file.
const Redis = createRequire(`${process.env.CLIENT_PACKAGES}/`)('ioredis');
const port = Number(process.argv[2]);
const connect = (options = {}) => new Redis({ port, commandTimeout: 10_000, ...options });
const redis = connect();
const other = connect();

async function strings() {
  assert.equal(await redis.set('s', 'v'), 'OK');
  assert.equal(await redis.set('s', 'w', 'NX'), null);
  assert.equal(await redis.set('s', 'w', 'EX', 100, 'GET'), 'v');
  assert.equal(await redis.get('s'), 'w');
  assert.ok((await redis.ttl('s')) > 98);
  assert.equal(await redis.incrby('n', 42), 42);
  assert.equal(await redis.incrbyfloat('f', '0.1'), '0.1');
  assert.deepEqual(await redis.mget('s', 'n', 'absent'), ['w', '42', null]);
  await assert.rejects(redis.incr('s'), /ERR value is not an integer or out of range/);
  assert.deepEqual(await redis.getBuffer('s'), Buffer.from('w'));
}

async function collections() {
  assert.equal(await redis.rpush('l', 1, 2, 3), 3);
  assert.deepEqual(await redis.lrange('l', 0, -1), ['1', '2', '3']);
  assert.equal(await redis.rpoplpush('l', 'm'), '3');
  assert.equal(await redis.sadd('x', 'a', 'b'), 2);
  assert.deepEqual((await redis.smembers('x')).sort(), ['a', 'b']);
  assert.equal(await redis.hset('h', { f: 1, g: 2 }), 2);
  assert.deepEqual(await redis.hgetall('h'), { f: '1', g: '2' });
  assert.equal(await redis.zadd('z', 1, 'a', 2.5, 'b'), 2);
  assert.deepEqual(await redis.zrange('z', 0, -1, 'WITHSCORES'), ['a', '1', 'b', '2.5']);
  assert.deepEqual(await redis.zrevrangebyscore('z', '+inf', '(1'), ['b']);
}

async function pipelines() {
  const pipe = redis.pipeline();
  for (let n = 0; n < 1000; n += 1) pipe.set(`p:${n}`, n);
  assert.ok((await pipe.exec()).every(([error, reply]) => error === null && reply === 'OK'));
  const replies = await redis.multi().incr('t').lpush('t', 'x').incr('t').exec();
  assert.deepEqual([replies[0][1], replies[2][1]], [1, 2]);
  assert.match(replies[1][0].message, /^WRONGTYPE/);
  await redis.watch('w');
  await other.set('w', 'stolen');
  assert.equal(await redis.multi().set('w', 'mine').exec(), null);
  assert.equal(await redis.get('w'), 'stolen');
}

async function scans() {
  const seen = new Set();
  for await (const keys of redis.scanStream({ match: 'p:*', count: 50 })) {
    keys.forEach((key) => seen.add(key));
  }
  assert.equal(seen.size, 1000);
  await redis.sadd('big', ...Array.from({ length: 700 }, (_, n) => `m${n}`));
  const members = new Set();
  for await (const some of redis.sscanStream('big')) some.forEach((member) => members.add(member));
  assert.equal(members.size, 700);
}

async function blocking() {
  const waiter = connect();
  const popped = waiter.blpop('none', 'queue', 5);
  setTimeout(() => other.rpush('queue', 'job'), 100);
  assert.deepEqual(await popped, ['queue', 'job']);
  assert.equal(await waiter.blpop('queue', 0.2), null);
  waiter.disconnect();
}

async function scripts() {
  const lua = "return {redis.call('INCRBY', KEYS[1], ARGV[1]), ARGV[2]}";
  redis.defineCommand('addAndSay', { numberOfKeys: 1, lua });
  assert.deepEqual(await redis.addAndSay('scripted-js', 4, 'x'), [4, 'x']);
  assert.deepEqual(await redis.addAndSay('scripted-js', 3, 'y'), [7, 'y']);
  assert.deepEqual(await redis.pipeline().addAndSay('scripted-js', 1, 'z').exec(), [[null, [8, 'z']]]);
  const release = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end";
  assert.equal(await redis.set('lock', 'mine', 'PX', 5000, 'NX'), 'OK');
  assert.equal(await redis.set('lock', 'yours', 'PX', 5000, 'NX'), null);
  assert.equal(await redis.eval(release, 1, 'lock', 'yours'), 0);
  assert.equal(await redis.eval(release, 1, 'lock', 'mine'), 1);
  await assert.rejects(redis.eval('return nosuch', 0), /nonexistent global variable 'nosuch'/);
  const library = "#!lua name=js\nredis.register_function('half', function(k, a) return a[1] / 2 end)";
  assert.equal(await redis.function('LOAD', 'REPLACE', library), 'js');
  assert.equal(await redis.fcall('half', 0, 42), 21);
  assert.equal(await redis.function('DELETE', 'js'), 'OK');
}

// The walks of ioredis' own examples: a channel that is written and read, and one that is awaited.
async function streams() {
  assert.equal(await redis.xlen('channel'), 0);
  const first = await redis.xadd('channel', '*', 'hello world', 'message');
  assert.equal(await redis.xlen('channel'), 1);
  assert.deepEqual(await redis.xread(['STREAMS', 'channel', 0]), [
    ['channel', [[first, ['hello world', 'message']]]],
  ]);
  const listener = connect();
  let lastId = '$';
  for (const name of ['John', 'Ann']) {
    const heard = listener.xread('BLOCK', 5000, 'STREAMS', 'user-stream', lastId);
    setTimeout(() => other.xadd('user-stream', '*', 'name', name, 'age', '20'), 50);
    const [[key, messages]] = await heard;
    assert.equal(key, 'user-stream');
    assert.deepEqual(messages[0][1], ['name', name, 'age', '20']);
    lastId = messages[messages.length - 1][0];
  }
  listener.disconnect();
  assert.equal(await redis.xgroup('CREATE', 'jobs', 'workers', '$', 'MKSTREAM'), 'OK');
  await assert.rejects(redis.xgroup('CREATE', 'jobs', 'workers', '$'), /^ReplyError: BUSYGROUP/);
  const id = await redis.xadd('jobs', 'MAXLEN', '~', 1000, '*', 'job', '1');
  const [[, [[got, fields]]]] = await redis.xreadgroup(
    'GROUP', 'workers', 'one', 'COUNT', 1, 'BLOCK', 100, 'STREAMS', 'jobs', '>',
  );
  assert.deepEqual([got, fields], [id, ['job', '1']]);
  assert.deepEqual(await redis.xpending('jobs', 'workers'), [1, id, id, [['one', '1']]]);
  assert.equal(await redis.xack('jobs', 'workers', id), 1);
  assert.deepEqual(await redis.xpending('jobs', 'workers'), [0, null, null, null]);
  assert.equal(await redis.xreadgroup('GROUP', 'workers', 'one', 'BLOCK', 50, 'STREAMS', 'jobs', '>'), null);
  assert.deepEqual((await redis.xinfo('GROUPS', 'jobs'))[0].slice(0, 4), ['name', 'workers', 'consumers', 1]);
}

async function places() {
  assert.equal(await redis.geoadd('Sicily', 13.361389, 38.115556, 'Palermo', 15.087269, 37.502669, 'Catania'), 2);
  assert.equal(await redis.geodist('Sicily', 'Palermo', 'Catania', 'KM'), '166.2742');
  assert.deepEqual(await redis.geohash('Sicily', 'Palermo', 'nowhere'), ['sqc8b49rny0', null]);
  assert.deepEqual(await redis.geopos('Sicily', 'Palermo'), [['13.36138933897018433', '38.11555639549629859']]);
  assert.deepEqual(
    await redis.geosearch('Sicily', 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC', 'WITHDIST'),
    [['Catania', '56.4413'], ['Palermo', '190.4424']],
  );
  assert.equal(await redis.geosearchstore('near', 'Sicily', 'FROMMEMBER', 'Catania', 'BYBOX', 400, 400, 'km'), 2);
}

async function published() {
  const subscriber = connect();
  assert.equal(await subscriber.subscribe('news'), 1);
  assert.equal(await subscriber.psubscribe('n*'), 2);
  const message = new Promise((done) => subscriber.on('message', (...args) => done(args)));
  const pmessage = new Promise((done) => subscriber.on('pmessage', (...args) => done(args)));
  assert.equal(await redis.publish('news', 'hello'), 2);
  assert.deepEqual(await message, ['news', 'hello']);
  assert.deepEqual(await pmessage, ['n*', 'news', 'hello']);
  assert.equal(await subscriber.unsubscribe('news'), 1);
  subscriber.disconnect();
}

assert.equal(await redis.flushall(), 'OK');
for (const part of [strings, collections, pipelines, scans, scripts, streams, places, blocking, published]) await part();
assert.match(await redis.info('server'), /redis_version:7\./);
assert.equal(await redis.quit(), 'OK');
other.disconnect();
console.log('ioredis: all as expected');
