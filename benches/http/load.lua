-- Requests of one kind. Environment: MODE, DIR (of prepare.py), PAUSE (ms).
local mode, dir = os.getenv("MODE"), os.getenv("DIR")
local pause = tonumber(os.getenv("PAUSE") or "0")

local function lines(name)
  local found = {}
  for line in io.lines(dir .. "/" .. name) do found[#found + 1] = line end
  return found
end

local function encode(text)
  return (text:gsub(".", function(c) return string.format("%%%02X", c:byte()) end))
end

local seed = 0
function setup(thread)
  seed = seed + 1
  thread:set("seed", seed)
end

local ids, words, by_token, by_cookie, area
function init()
  math.randomseed(seed * 7919 + os.time())
  ids = lines("ids")
  words = { prefix = lines("prefix"), substring = lines("substring"), initials = lines("initials") }
  by_token = { Authorization = "Bearer " .. lines("token")[1] }
  by_cookie = { Cookie = lines("cookie")[1] }
  area = lines("area")[1]
end

local function one(list) return list[math.random(#list)] end

local function search(kind)
  return wrk.format("GET", "/api/v1/residents?limit=20&name=" .. encode(one(words[kind])), by_token)
end

local function save()
  local body = string.format(
    '{"area":"%s","name":"测%s%s","doc_kind":"00","sex":"1","birth_on":"%d-%02d-%02d","residence_status":"R1"}',
    area, one(words.substring), one({ "甲", "乙", "丙", "丁" }),
    math.random(1930, 2020), math.random(12), math.random(28))
  local headers = { Authorization = by_token.Authorization, ["Content-Type"] = "application/json" }
  return wrk.format("POST", "/api/v1/residents", headers, body)
end

local kinds = {
  hello = function() return wrk.format("GET", "/health") end,
  json = function() return wrk.format("GET", "/api/v1/households/" .. one(ids), by_token) end,
  html = function() return wrk.format("GET", "/households/" .. one(ids), by_cookie) end,
  prefix = function() return search("prefix") end,
  substring = function() return search("substring") end,
  initials = function() return search("initials") end,
  save = save,
}
function kinds.mixed()
  local dice = math.random(100)
  if dice <= 5 then return save() end
  if dice <= 30 then return kinds.html() end
  if dice <= 60 then return kinds.json() end
  return search(one({ "prefix", "substring", "initials" }))
end

function request() return kinds[mode]() end

function delay() return pause > 0 and math.random(0, 2 * pause) or 0 end

function done(all, latency)
  local lost = all.errors.connect + all.errors.read + all.errors.write + all.errors.timeout
  io.write(string.format(
    "%s rps=%.1f p50=%.2fms p95=%.2fms p99=%.2fms max=%.1fms requests=%d lost=%d refused=%d\n",
    mode, all.requests / (all.duration / 1e6), latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    all.requests, lost, all.errors.status))
end
