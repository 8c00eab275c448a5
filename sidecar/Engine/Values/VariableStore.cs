using System.Collections.Immutable;
using WafOperator.Http;

namespace WafOperator.Engine.Values;

/// <summary>
/// The TX collection (and ENV) of one transaction. Names that rules spell out have a place known when the rules are
/// compiled; others (<c>tx.%{rule.id}…</c>) are kept in a list. A number stays a number until somebody wants its
/// digits. Names have no case.
/// </summary>
internal sealed class VariableStore(NameTable names, TransactionMemory memory, StepMeter meter, int variablesMax)
{
    private const int IndexRetainedMax = 1024;

    private readonly Entry[] _slots = new Entry[names.Count];
    private readonly List<Named> _others = [];
    private readonly List<int> _used = [];
    private int[] _index = new int[64];

    /// <summary>Variables that did not fit.</summary>
    public int Dropped { get; private set; }

    public void Reset()
    {
        foreach (var slot in _used)
        {
            _slots[slot] = default;
        }

        _used.Clear();
        if (_others.Count > 0)
        {
            _others.Clear();
            if (_index.Length > IndexRetainedMax)
            {
                _index = new int[64];
            }

            Array.Clear(_index);
        }

        Dropped = 0;
    }

    public bool IsSet(int slot) => _slots[slot].IsSet;

    /// <summary>The value as a number, 0 where unset.</summary>
    public long Number(int slot)
    {
        ref var entry = ref _slots[slot];
        return entry.IsNumber ? entry.Number : entry.IsSet ? TransactionMemory.ParseNumber(memory[entry.Text]) : 0;
    }

    public Text Read(int slot) => Read(ref _slots[slot]);

    /// <summary>
    /// The value of a variable by name; false where it is not set.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> name, uint hash, out Text value)
    {
        var slot = names.Find(name, hash);
        if (slot >= 0)
        {
            value = _slots[slot].IsSet ? Read(slot) : Text.Empty;
            return _slots[slot].IsSet;
        }

        var at = FindOther(name, hash);
        if (at < 0)
        {
            value = Text.Empty;
            return false;
        }

        var other = _others[at];
        value = Read(ref other.Entry);
        _others[at] = other;
        return true;
    }

    public void SetText(int slot, Text text)
    {
        Use(slot);
        _slots[slot] = new Entry { IsSet = true, Text = text };
    }

    public void SetNumber(int slot, long number)
    {
        Use(slot);
        _slots[slot] = new Entry { IsSet = true, IsNumber = true, Number = number };
    }

    public void Unset(int slot) => _slots[slot].IsSet = _slots[slot].IsNumber = false;

    /// <summary>Sets a variable by name; the name's bytes must live as long as the transaction.</summary>
    public void Set(Text name, in Entry entry)
    {
        var bytes = memory[name];
        var hash = NameHash.Of(bytes);
        var slot = names.Find(bytes, hash);
        if (slot >= 0)
        {
            Use(slot);
            _slots[slot] = entry;
            return;
        }

        var at = FindOther(bytes, hash);
        if (at >= 0)
        {
            _others[at] = new Named(name, hash, entry);
        }
        else if (entry.IsSet)
        {
            Add(new Named(name, hash, entry));
        }
    }

    public long NumberOf(Text name) =>
        TryRead(memory[name], NameHash.Of(memory[name]),
            out var value) ? TransactionMemory.ParseNumber(memory[value]) : 0;

    /// <summary>Lists the members a pattern names (all without one) as values.</summary>
    public void List(ValueList into, NamePattern? pattern, ReadOnlySpan<bool> slotFits)
    {
        foreach (var slot in _used)
        {
            if (_slots[slot].IsSet && (pattern is null || slotFits[slot]))
            {
                into.Add(Value.Of(names.TextOf(slot), Read(slot), names.HashOf(slot)));
            }
        }

        meter.Spend((long)StepMeter.Look * (_used.Count + _others.Count));
        for (var i = 0; i < _others.Count; i++)
        {
            var other = _others[i];
            if (other.Entry.IsSet && (pattern is null || pattern.IsMatch(memory[other.Name])))
            {
                into.Add(Value.Of(other.Name, Read(ref other.Entry), other.Hash));
                _others[i] = other;
            }
        }
    }

    /// <summary>The variables with places, in the order of their first use.</summary>
    public ImmutableArray<(int Slot, Entry Entry)> Save() => [.. _used.Select(slot => (slot, _slots[slot]))];

    /// <summary>Sets what was saved; for a store without variables.</summary>
    public void Restore(ReadOnlySpan<(int Slot, Entry Entry)> saved)
    {
        foreach (ref readonly var variable in saved)
        {
            _used.Add(variable.Slot);
            _slots[variable.Slot] = variable.Entry;
        }
    }

    public int Count()
    {
        var count = 0;
        foreach (var slot in _used)
        {
            count += _slots[slot].IsSet ? 1 : 0;
        }

        foreach (var other in _others)
        {
            count += other.Entry.IsSet ? 1 : 0;
        }

        return count;
    }

    private void Add(Named named)
    {
        if (_others.Count >= variablesMax)
        {
            Dropped++;
            return;
        }

        _others.Add(named);
        if (_others.Count * 2 <= _index.Length)
        {
            Index(_others.Count - 1);
            return;
        }

        _index = new int[_index.Length * 2];
        for (var i = 0; i < _others.Count; i++)
        {
            Index(i);
        }
    }

    private void Use(int slot)
    {
        if (!_slots[slot].WasUsed)
        {
            _used.Add(slot);
        }
    }

    private Text Read(ref Entry entry)
    {
        if (entry.IsNumber && !entry.HasText)
        {
            entry.Text = memory.Format(entry.Number);
            entry.HasText = true;
        }

        return entry.Text;
    }

    private int FindOther(ReadOnlySpan<byte> name, uint hash)
    {
        for (var at = (int)hash & (_index.Length - 1); _index[at] != 0; at = (at + 1) & (_index.Length - 1))
        {
            // Counted, because a client that chooses names can make them meet in one place.
            meter.Spend(StepMeter.Look);
            var other = _index[at] - 1;
            if (_others[other].Hash == hash && Ascii.EqualsIgnoreCase(memory[_others[other].Name], name))
            {
                return other;
            }
        }

        return -1;
    }

    private void Index(int other)
    {
        var at = (int)_others[other].Hash & (_index.Length - 1);
        while (_index[at] != 0)
        {
            meter.Spend(StepMeter.Look);
            at = (at + 1) & (_index.Length - 1);
        }

        _index[at] = other + 1;
    }

    /// <summary>One variable's value.</summary>
    internal struct Entry
    {
        private bool _isSet;

        public bool IsSet
        {
            readonly get => _isSet;
            set
            {
                _isSet = value;
                WasUsed = true;
            }
        }

        public bool WasUsed { get; private set; }

        public bool IsNumber { get; set; }

        public bool HasText { get; set; }

        public long Number { get; set; }

        public Text Text { get; set; }
    }

    private struct Named(Text name, uint hash, Entry entry)
    {
        public readonly Text Name = name;
        public readonly uint Hash = hash;
        public Entry Entry = entry;
    }
}
