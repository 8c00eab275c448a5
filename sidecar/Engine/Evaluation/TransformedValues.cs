using WafOperator.Engine.Program;
using WafOperator.Engine.Values;

namespace WafOperator.Engine.Evaluation;

/// <summary>A value after one step of the transformation tree.</summary>
internal struct TransformedStep
{
    public bool IsKnown;
    public Text Text;
    public int HitsRow;
}

/// <summary>
/// Values after transformations, each step worked out once for a value and shared by all rules whose chains begin
/// alike. One per transaction.
/// </summary>
internal sealed class TransformedValues(ProgramParts parts, TransactionMemory memory, StepMeter meter)
{
    private const int RetainedStepsMax = 64 * 1024;

    private readonly int _nodeCount = parts.Nodes.Length;
    private TransformedStep[] _steps = new TransformedStep[parts.Nodes.Length * 16];
    private int _used;

    public void Reset()
    {
        _steps.AsSpan(0, _used).Clear();
        _used = 0;
        if (_steps.Length > Math.Max(RetainedStepsMax, _nodeCount * 16))
        {
            _steps = new TransformedStep[_nodeCount * 16];
        }
    }

    /// <summary>Works out which kinds of bytes a value holds, once.</summary>
    public void Classify(ref Value value)
    {
        if (value.Classes == 0)
        {
            value.Classes = ByteClasses.Sum(memory[value.Bytes]);
            meter.Spend(value.Bytes.Length / 2);
        }
    }

    /// <summary>The value after all steps up to a node.</summary>
    public Text Apply(ref Value value, int node)
    {
        if (node == 0)
        {
            return value.Bytes;
        }

        Classify(ref value);
        return (value.Classes & parts.Nodes[node].PathTriggers) == 0 ? value.Bytes : Get(ref value, node).Text;
    }

    /// <summary>The place of a step, its text worked out. Valid until the next call.</summary>
    public ref TransformedStep Get(ref Value value, int node)
    {
        if (value.NodesBase < 0)
        {
            value.NodesBase = Allocate();
        }

        if (!_steps[value.NodesBase + node].IsKnown)
        {
            var text = Compute(ref value, node);
            _steps[value.NodesBase + node] = new TransformedStep { IsKnown = true, Text = text, HitsRow = -1 };
        }

        return ref _steps[value.NodesBase + node];
    }

    private Text Compute(ref Value value, int node)
    {
        if (node == 0)
        {
            return value.Bytes;
        }

        var info = parts.Nodes[node];
        var source = Apply(ref value, info.Parent);
        if (source == value.Bytes && (value.Classes & info.Triggers) == 0)
        {
            return source;
        }

        meter.Spend(StepMeter.Transform + source.Length);
        var function = info.Function!;
        if (!memory.Reserve(function.OutputMax(source.Length)))
        {
            return source;
        }

        var written = function.Apply(memory[source], memory.Arena.Tail);
        if (written < 0)
        {
            return source;
        }

        meter.Spend((long)StepMeter.TransformByte * written);
        return new Text(Origin.Own, memory.Arena.Commit(written));
    }

    private int Allocate()
    {
        if (_used + _nodeCount > _steps.Length)
        {
            Array.Resize(ref _steps, _steps.Length * 2);
        }

        var start = _used;
        _used += _nodeCount;
        return start;
    }
}
