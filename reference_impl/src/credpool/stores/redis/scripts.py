"""The two programs that the server runs, each in one step (Lua).

A pool is five keys: `pool` (its number, version, order and removed sources), `rows` by id, `counts` by
id, and `changed` and `counted`, the number of the change that wrote each row and each count. `tokens`
are the latest changes: one that is sent twice, because its answer was lost, is made once.

A change is told to all who listen, unless all that is new are counts and quotas: those may lag.
"""

from typing import Final

READ: Final = """
local function all(command, key, ids)
  local found = {}
  for first = 1, #ids, 1000 do
    local part = {unpack(ids, first, math.min(first + 999, #ids))}
    for _, value in ipairs(redis.call(command, key, unpack(part))) do
      found[#found + 1] = value
    end
  end
  return found
end
local found = redis.call('HMGET', KEYS[1], 'number', 'epoch', 'version', 'shaped', 'removed')
local number, shaped = tonumber(found[1] or '0'), tonumber(found[4] or '0')
local since = tonumber(ARGV[1])
if found[2] ~= ARGV[2] or since > number then since = 0 end
local ids = redis.call('ZRANGEBYSCORE', KEYS[4], '(' .. since, '+inf')
local order = ''
if shaped > since then order = redis.call('HGET', KEYS[1], 'order') or '' end
local rows, counts = all('HMGET', KEYS[2], ids), all('HMGET', KEYS[3], ids)
local counted = {}
if since > 0 then counted = redis.call('ZRANGEBYSCORE', KEYS[6], '(' .. since, '+inf') end
return {number, found[2] or '', tonumber(found[3] or '1'), since, order, found[5] or '[]',
  ids, rows, counts, counted, all('HMGET', KEYS[3], counted)}
"""

WRITE: Final = """
local sent = cjson.decode(ARGV[1])
for _, token in ipairs(redis.call('LRANGE', KEYS[5], 0, -1)) do
  if token == sent.token then return 1 end
end
local found = redis.call('HMGET', KEYS[1], 'number', 'epoch')
local number = tonumber(found[1] or '0')
local same = number == sent.number and (found[2] or '') == sent.epoch
if not same and not (sent.commutes and number > 0) then return 0 end
number = number + 1
redis.call('HSET', KEYS[1], 'number', number, 'version', 1)
if not found[2] then redis.call('HSET', KEYS[1], 'epoch', sent.token) end
if sent.order ~= '' then
  redis.call('HSET', KEYS[1], 'order', sent.order, 'shaped', number)
end
if sent.removed ~= '' then redis.call('HSET', KEYS[1], 'removed', sent.removed) end
for _, id in ipairs(sent.gone) do
  redis.call('HDEL', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
  redis.call('ZREM', KEYS[6], id)
end
for n = 1, #sent.rows, 2 do
  redis.call('HSET', KEYS[2], sent.rows[n], sent.rows[n + 1])
  redis.call('ZADD', KEYS[4], number, sent.rows[n])
end
for n = 1, #sent.counts, 2 do
  if redis.call('HEXISTS', KEYS[2], sent.counts[n]) == 1 then
    redis.call('HINCRBY', KEYS[3], sent.counts[n], sent.counts[n + 1])
    redis.call('ZADD', KEYS[6], number, sent.counts[n])
  end
end
redis.call('LPUSH', KEYS[5], sent.token)
redis.call('LTRIM', KEYS[5], 0, 199)
if sent.told then
  redis.call('PUBLISH', KEYS[1], number .. ' ' .. (found[2] or sent.token))
end
return 1
"""
