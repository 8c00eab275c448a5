// Thompson's construction (Ken Thompson, "Regular expression search algorithm", 1968), written back to front: each part
// is built knowing the node that follows it, so that nothing has to be patched but loops.
//
// What is not regular is widened, never narrowed: a lookaround becomes "true", a back reference "any text", an atomic
// group its body, a repeat with a high count a loop. The automaton then says "no" or "perhaps", and perhaps is settled
// by the backtracking machine.
using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>Builds the automaton of one pattern.</summary>
internal sealed class NfaBuilder
{
    /// <summary>Nodes of one automaton; a pattern that needs more is left to the backtracking machine.</summary>
    public const int NodesMax = 30_000;

    /// <summary>Nodes that writing out one repeat may make; above, the count is not counted.</summary>
    private const int CopiedNodesMax = 400;

    /// <summary>A count up to which a repeat is written out whatever its size, within <see cref="NodesMax"/>.</summary>
    private const int CountMax = 12;

    private readonly List<NfaNode> _nodes = [];
    private readonly Dictionary<ByteSet, int> _sets = [];
    private bool _isExact = true;

    /// <summary>Builds the automaton, or returns null where it would be too large.</summary>
    public static Nfa? TryBuild(RegexNode root)
    {
        var builder = new NfaBuilder();
        var start = builder.Build(root, builder.Add(NfaKind.Accept, 0, -1));
        return builder._nodes.Count > NodesMax ? null : builder.Finish(start);
    }

    private Nfa Finish(int start)
    {
        var sets = _sets.OrderBy(entry => entry.Value).Select(entry => entry.Key).ToList();
        var classOf = ByteClasses.Of([.. sets, ByteSet.Of((byte)'\n'), ByteSet.Word], out var count);
        var representatives = new byte[count];
        for (var value = 255; value >= 0; value--) representatives[classOf[value]] = (byte)value;
        var members = new ulong[4 * sets.Count];
        for (var set = 0; set < sets.Count; set++)
        {
            for (var group = 0; group < count; group++)
            {
                if (!sets[set].Contains(representatives[group])) continue;
                members[(4 * set) + (group >> 6)] |= 1UL << (group & 63);
            }
        }

        return new([.. _nodes], start, classOf, count, members, representatives, _isExact);
    }

    private int Add(NfaKind kind, int argument, int next, int other = -1)
    {
        _nodes.Add(new(kind, argument, next, other));
        return _nodes.Count - 1;
    }

    private int Build(RegexNode node, int next)
    {
        if (_nodes.Count > NodesMax) return next;
        switch (node)
        {
            case RegexNode.Set { Bytes: var bytes }:
                if (!_sets.TryGetValue(bytes, out var set)) _sets.Add(bytes, set = _sets.Count);
                return Add(NfaKind.Consume, set, next);
            case RegexNode.Sequence sequence:
                foreach (var item in sequence.Items.Reverse()) next = Build(item, next);
                return next;
            case RegexNode.Choice choice:
                return BuildChoice(choice, next);
            case RegexNode.Repeat repeat:
                return BuildRepeat(repeat, next);
            case RegexNode.Capture capture:
                return Build(capture.Body, next);
            case RegexNode.Assertion { Kind: AssertionKind.SubjectEndOrFinalLineFeed }:
                _isExact = false;
                return Add(NfaKind.Assert, (int)AssertionKind.LineEnd, next);
            case RegexNode.Assertion assertion:
                return Add(NfaKind.Assert, (int)assertion.Kind, next);
            case RegexNode.Atomic atomic:
                _isExact = false;
                return Build(atomic.Body, next);
            case RegexNode.Look:
                _isExact = false;
                return next;
            case RegexNode.BackReference:
                _isExact = false;
                return BuildLoop(new RegexNode.Set(ByteSet.All), next);
            default:
                return next;
        }
    }

    private int BuildChoice(RegexNode.Choice choice, int next)
    {
        var entry = Build(choice.Items[^1], next);
        for (var index = choice.Items.Length - 2; index >= 0; index--)
            entry = Add(NfaKind.Split, 0, Build(choice.Items[index], next), entry);
        return entry;
    }

    private int BuildRepeat(RegexNode.Repeat repeat, int next)
    {
        if (repeat.Kind == RepeatKind.Possessive) _isExact = false;
        var (min, max) = (repeat.Min, repeat.Max);
        var size = RegexMeasure.ExpandedNodes(repeat.Body);
        if (min > CountMax && min * size > CopiedNodesMax)
        {
            _isExact = false;
            (min, max) = (CountMax, RegexNode.Repeat.Unbounded);
        }

        if (max != RegexNode.Repeat.Unbounded && max > CountMax && max * size > CopiedNodesMax)
        {
            _isExact = false;
            max = RegexNode.Repeat.Unbounded;
        }

        if (max == RegexNode.Repeat.Unbounded) next = BuildLoop(repeat.Body, next);
        else
        {
            var exit = next;
            for (var copy = min; copy < max; copy++) next = Add(NfaKind.Split, 0, Build(repeat.Body, next), exit);
        }

        for (var copy = 0; copy < min; copy++) next = Build(repeat.Body, next);
        return next;
    }

    private int BuildLoop(RegexNode body, int next)
    {
        var split = Add(NfaKind.Split, 0, -1, next);
        var entry = Build(body, split);
        _nodes[split] = new(NfaKind.Split, 0, entry, next);
        return split;
    }
}
