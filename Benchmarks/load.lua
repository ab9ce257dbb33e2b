-- Defines the requests of wrk, selected by the first argument, and prints its result as one line of JSON.
--
--   pipelined DEPTH    DEPTH requests at a time on each connection
--   put CHANNELS       PUTs of new versions to CHANNELS channels in turn

local kinds = {}

function kinds.pipelined(arguments)
   local batch = wrk.format():rep(tonumber(arguments[2]))
   request = function() return batch end
end

function kinds.put(arguments)
   local channels = tonumber(arguments[2])
   -- As long as the milliseconds that Kinto sends. Each version differs from the version in its row.
   local placeholder = ("0"):rep(13)
   local first, count = os.time() * 1000, 0
   local heads = {}
   for channel = 1, channels do
      local path = string.format("%s/channel-%05d", wrk.path, channel)
      heads[channel] = wrk.format("PUT", path, nil, placeholder):sub(1, -#placeholder - 1)
   end
   request = function()
      count = count + 1
      return heads[count % channels + 1] .. string.format("%013.0f", first + count)
   end
end

function init(arguments)
   local kind = kinds[arguments[1]]
   if kind then kind(arguments) end
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '{"requests":%d,"bytes":%d,"microseconds":%d,"p99":%d,' ..
      '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
      summary.requests, summary.bytes, summary.duration, latency:percentile(99),
      errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
