namespace WafOperator.Proxy.Sharing;

/// <summary>
/// What Redis does for a limit, in one round trip each. Times are the server's own, in microseconds, so that clocks of
/// replicas do not matter; a key lives as long as something of it is spent.
/// </summary>
internal static class LimitScripts
{
    /// <summary>
    /// The generic cell rate algorithm, as <c>RateTable</c> has it. Keys: the counter; and the client's counter of
    /// newcomers, or nothing. Arguments: interval and tolerance, cost (-1: only charge), units to charge in any case.
    /// Answer: microseconds to wait, 0 for room.
    /// </summary>
    public const string Rate =
        """
        local t = redis.call('TIME')
        local now = t[1] * 1000000 + t[2]
        local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
        local cost, charge = tonumber(ARGV[3]), tonumber(ARGV[4])
        local function full_at(key)
          local full = tonumber(redis.call('GET', key) or '0')
          if full > now then return math.min(full, now + 2 * tolerance) end
          return now
        end
        local function keep(key, full)
          if full <= now then return end
          redis.call('SET', key, string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
        end
        local full = full_at(KEYS[1])
        local is_new = KEYS[2] ~= nil and full <= now
        local client = is_new and full_at(KEYS[2]) or now
        if charge > 0 then
          full = math.min(full + interval * charge, now + 2 * tolerance)
          keep(KEYS[1], full)
          if is_new then
            client = math.min(client + interval * charge, now + 2 * tolerance)
            keep(KEYS[2], client)
          end
        end
        if cost < 0 then return 0 end
        local wanted = interval * math.max(cost, 1)
        if is_new and client + wanted - now > tolerance then return math.ceil(client + wanted - now - tolerance) end
        if full + wanted - now > tolerance then return math.ceil(full + wanted - now - tolerance) end
        if cost > 0 then
          keep(KEYS[1], full + wanted)
          if is_new then keep(KEYS[2], client + wanted) end
        end
        return 0
        """;

    /// <summary>
    /// Different values of a key within a sliding period. Key: the set. Arguments: value, period, most values. Answer:
    /// microseconds to wait, 0 for a value that was there or for which there was room.
    /// </summary>
    public const string Distinct =
        """
        local t = redis.call('TIME')
        local now = t[1] * 1000000 + t[2]
        local period, most = tonumber(ARGV[2]), tonumber(ARGV[3])
        redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - period))
        if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= most then
          local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
          return math.max(1, math.ceil(tonumber(oldest[2]) + period - now))
        end
        redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
        redis.call('PEXPIRE', KEYS[1], math.ceil(period / 1000))
        return 0
        """;
}
