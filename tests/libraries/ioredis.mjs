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
  await assert.rejects(redis.eval('return nosuch', 0), /nonexistent global variable 'nosuch'/);
  const library = "#!lua name=js\nredis.register_function('half', function(k, a) return a[1] / 2 end)";
  assert.equal(await redis.function('LOAD', 'REPLACE', library), 'js');
  assert.equal(await redis.fcall('half', 0, 42), 21);
  assert.equal(await redis.function('DELETE', 'js'), 'OK');
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
for (const part of [strings, collections, pipelines, scans, scripts, blocking]) await part();
if (process.argv.includes('pubsub')) await published();
assert.match(await redis.info('server'), /redis_version:7\./);
assert.equal(await redis.quit(), 'OK');
other.disconnect();
console.log('ioredis: all as expected');
