using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;

namespace WafOperator.Engine.Evaluation;

/// <summary>The values a rule matched, for MATCHED_VARS and the report. One per transaction.</summary>
internal sealed class MatchList(int max)
{
    private readonly List<(VariableId Variable, Value Value)> _items = [];

    public int Count => _items.Count;

    public VariableId Variable { get; private set; } = VariableId.None;

    public Value Last { get; private set; }

    public (VariableId Variable, Value Value) this[int index] => _items[index];

    public void Clear() => _items.Clear();

    public void Reset()
    {
        _items.Clear();
        Variable = VariableId.None;
        Last = default;
    }

    public void Restore(VariableId variable, in Value last)
    {
        Variable = variable;
        Last = last;
    }

    public void Add(VariableId variable, in Value value)
    {
        Variable = variable;
        Last = value;
        if (_items.Count < max)
        {
            _items.Add((variable, value));
        }
    }
}
