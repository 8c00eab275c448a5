using WafOperator.Engine.Actions;
using WafOperator.Engine.Values;

namespace WafOperator.Engine;

/// <summary>
/// The variables of one client, session or resource. Thread-safe: every access takes the record's lock for a few
/// instructions.
/// </summary>
internal sealed class CollectionRecord(EngineLimits limits, long timeoutMilliseconds, long now)
{
    private readonly Lock _lock = new();
    private readonly List<Variable> _variables = [];
    private readonly long _createdAt = now;
    private long _writtenAt = now;
    private bool _hadSecondChance;

    public bool IsExpired(long now) => now - Volatile.Read(ref _writtenAt) > timeoutMilliseconds;

    /// <summary>Empties the record where its time is over, as if it were new.</summary>
    public void Revive(long now)
    {
        if (!IsExpired(now))
        {
            return;
        }

        lock (_lock)
        {
            if (IsExpired(now))
            {
                _variables.Clear();
                _writtenAt = now;
            }
        }
    }

    public bool TakeSecondChance(long now)
    {
        lock (_lock)
        {
            var keep = !_hadSecondChance && _writtenAt > _createdAt && !IsExpired(now);
            _hadSecondChance = true;
            return keep;
        }
    }

    /// <summary>Copies a variable's value into a transaction's memory; false where it is not set.</summary>
    public bool TryRead(ReadOnlySpan<byte> name, long now, TransactionMemory memory, out Text value)
    {
        lock (_lock)
        {
            var at = Find(name, now);
            value = at < 0 ? Text.Empty : memory.Append(_variables[at].Value);
            return at >= 0;
        }
    }

    public void Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long now)
    {
        lock (_lock)
        {
            Write(name, value, now);
        }
    }

    /// <summary>Adds to a number.</summary>
    public void Add(ReadOnlySpan<byte> name, long change, long now)
    {
        Span<byte> digits = stackalloc byte[24];
        lock (_lock)
        {
            var at = Find(name, now);
            var number = at < 0 ? 0 : TransactionMemory.ParseNumber(_variables[at].Value);
            SetVariable.Sum(number, change).TryFormat(digits, out var written);
            Write(name, digits[..written], now);
        }
    }

    public void Unset(ReadOnlySpan<byte> name, long now)
    {
        lock (_lock)
        {
            var at = Find(name, now);
            if (at >= 0)
            {
                _variables.RemoveAt(at);
            }
        }
    }

    /// <summary>Lets a variable end after a time.</summary>
    public void Expire(ReadOnlySpan<byte> name, long seconds, long now)
    {
        lock (_lock)
        {
            var at = Find(name, now);
            if (at >= 0)
            {
                _variables[at] = _variables[at] with { ExpiresAt = now + (seconds * 1000) };
            }
        }
    }

    /// <summary>
    /// Lets a number fall by <paramref name="amount"/> for every <paramref name="seconds"/> since it was written, not
    /// below 0.
    /// </summary>
    public void Deprecate(ReadOnlySpan<byte> name, long amount, long seconds, long now)
    {
        Span<byte> digits = stackalloc byte[24];
        lock (_lock)
        {
            var at = Find(name, now);
            if (at < 0 || seconds <= 0)
            {
                return;
            }

            var periods = (now - _variables[at].WrittenAt) / (seconds * 1000);
            if (periods <= 0)
            {
                return;
            }

            var number = TransactionMemory.ParseNumber(_variables[at].Value);
            Math.Max(0, number - (periods * amount)).TryFormat(digits, out var written);
            Write(name, digits[..written], now);
        }
    }

    /// <summary>Lists all variables as values in a transaction's memory.</summary>
    public void List(ValueList into, long now, TransactionMemory memory)
    {
        lock (_lock)
        {
            foreach (var variable in _variables)
            {
                if (now < variable.ExpiresAt)
                {
                    into.Add(Value.Of(
                        memory.Append(variable.Name), memory.Append(variable.Value), Http.NameHash.Of(variable.Name)));
                }
            }
        }
    }

    private int Find(ReadOnlySpan<byte> name, long now)
    {
        for (var i = 0; i < _variables.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(_variables[i].Name, name))
            {
                if (now < _variables[i].ExpiresAt)
                {
                    return i;
                }

                _variables.RemoveAt(i);
                return -1;
            }
        }

        return -1;
    }

    private void Write(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long now)
    {
        value = value[..Math.Min(value.Length, limits.VariableBytesMax)];
        _writtenAt = now;
        var at = Find(name, now);
        if (at >= 0)
        {
            _variables[at] = _variables[at] with { Value = value.ToArray(), WrittenAt = now };
        }
        else if (_variables.Count < limits.CollectionVariablesMax)
        {
            _variables.Add(new Variable(name.ToArray(), value.ToArray(), now, long.MaxValue));
        }
    }

    private readonly record struct Variable(byte[] Name, byte[] Value, long WrittenAt, long ExpiresAt);
}
