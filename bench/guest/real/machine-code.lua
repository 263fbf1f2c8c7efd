-- A tracing JIT: loops that become traces, side exits, tables, strings, coroutines, C structures and callbacks.
local ffi = require("ffi")
local bit = require("bit")

local function loops()
  local sum = 0
  for i = 1, 3000000 do
    if i % 3 == 0 then sum = sum + i elseif i % 7 == 0 then sum = sum - 1 else sum = bit.bxor(sum % 2147483648, i) end
  end
  return sum
end

local function floats()
  local x, sum = 0.3, 0
  for _ = 1, 1000000 do
    x = 3.7 * x * (1 - x)
    sum = sum + math.sqrt(x) - math.floor(x * 8)
  end
  return string.format("%.12g %.12g", x, sum)
end

local function tables()
  local primes, sieve = 0, {}
  for i = 2, 200000 do
    if not sieve[i] then
      primes = primes + 1
      for j = i * i, 200000, i do sieve[j] = true end
    end
  end
  return primes
end

local function strings()
  local parts = {}
  for i = 1, 60000 do parts[#parts + 1] = ("%d:%s"):format(i, ("x"):rep(i % 5)) end
  local text = table.concat(parts, ",")
  local count = 0
  for _ in text:gmatch("%d+:xx,") do count = count + 1 end
  return #text .. " " .. count
end

local function structures()
  ffi.cdef([[ typedef struct { int32_t key; double value; } item; ]])
  local items = ffi.new("item[?]", 1000)
  for round = 1, 300 do
    for i = 0, 999 do
      items[i].key = items[i].key * 31 + round
      items[i].value = items[i].value * 0.5 + items[i].key
    end
  end
  return items[7].key .. " " .. string.format("%.6f", items[999].value)
end

local function coroutines()
  local function walk(depth)
    if depth == 0 then coroutine.yield(1) else walk(depth - 1) walk(depth - 1) end
  end
  local count = 0
  for value in coroutine.wrap(function() walk(15) end) do count = count + value end
  return count
end

local function loaded()
  local sum = 0
  for i = 1, 2000 do sum = sum + load("local s = 0; for k = 1, 100 do s = s + k * " .. i .. " end; return s")() end
  return sum
end

print("loops", loops())
print("floats", floats())
print("tables", tables())
print("strings", strings())
print("structures", structures())
print("coroutines", coroutines())
print("loaded", loaded())
