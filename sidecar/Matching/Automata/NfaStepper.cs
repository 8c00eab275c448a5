using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>
/// Moves a set of nodes over one byte. A set holds nodes that consume, and assertions that wait for the next byte. One
/// for each thread and capacity; not safe for concurrent use.
/// </summary>
internal sealed class NfaStepper
{
    [ThreadStatic]
    private static NfaStepper? t_current;

    private readonly NodeSet _open;
    private readonly int[] _stack;
    private NodeSet _current;
    private NodeSet _next;

    private NfaStepper(int capacity)
    {
        _current = new(capacity);
        _next = new(capacity);
        _open = new(capacity);
        _stack = new int[(2 * capacity) + 2];
    }

    /// <summary>The nodes the automaton is in.</summary>
    public ReadOnlySpan<int> Members => _current.Members;

    /// <summary>What is before the position.</summary>
    public NfaContext Context { get; private set; }

    /// <summary>Whether a member is an assertion, so that the context matters.</summary>
    public bool Waits { get; private set; }

    /// <summary>Nodes visited since the counter was last read.</summary>
    public long Work { get; set; }

    public static NfaStepper ForThread(Nfa nfa)
    {
        if (t_current is null || t_current._current.Capacity < nfa.Nodes.Length)
            t_current = new(Math.Max(256, nfa.Nodes.Length * 2));
        return t_current;
    }

    /// <summary>Puts the automaton where a search begins. True where it has matched already.</summary>
    public bool Begin(Nfa nfa, NfaContext context)
    {
        _current.Clear();
        Context = context;
        Waits = false;
        return Close(nfa, nfa.Start, _current);
    }

    /// <summary>Puts the automaton into a state known from before.</summary>
    public void Load(Nfa nfa, ReadOnlySpan<int> members, NfaContext context)
    {
        _current.Clear();
        Context = context;
        Waits = false;
        foreach (var member in members)
        {
            _current.Add(member);
            Waits |= nfa.Nodes[member].Kind == NfaKind.Assert;
        }
    }

    /// <summary>
    /// Moves over a byte of the class given, or over the end of the input; the search may begin anew behind it. True
    /// where the pattern has matched before, at or right behind that byte.
    /// </summary>
    public bool Step(Nfa nfa, int byteClass)
    {
        var atEnd = byteClass == nfa.ClassCount;
        var value = atEnd ? -1 : nfa.Representatives[byteClass];
        if (Waits && Resolve(nfa, value)) return true;
        if (atEnd) return false;
        _next.Clear();
        Waits = false;
        Context = NfaContexts.After((byte)value);
        foreach (var member in _current.Members)
        {
            ref readonly var node = ref nfa.Nodes[member];
            if (node.Kind != NfaKind.Consume || !nfa.SetHolds(node.Argument, byteClass)) continue;
            if (Close(nfa, node.Next, _next)) return true;
        }

        Work += _current.Count;
        if (Close(nfa, nfa.Start, _next)) return true;
        (_current, _next) = (_next, _current);
        return false;
    }

    /// <summary>
    /// Writes what tells this state from others: the context where it matters, then the nodes in ascending order. The
    /// buffer must hold one more than the automaton has nodes. Returns the length.
    /// </summary>
    public int CopyKey(Nfa nfa, NfaContext relevant, Span<int> key)
    {
        key[0] = Waits ? (int)(Context & relevant) : 0;
        var length = 1;
        foreach (var member in _current.Members)
        {
            if (nfa.Nodes[member].Kind != NfaKind.Split) key[length++] = member;
        }

        key[1..length].Sort();
        return length;
    }
    /// <summary>Follows the waiting assertions that hold now that the next byte is known. True on a match.</summary>
    private bool Resolve(Nfa nfa, int value)
    {
        _open.Clear();
        var top = 0;
        for (var index = 0; index < _current.Count; index++)
        {
            ref readonly var node = ref nfa.Nodes[_current.Members[index]];
            if (node.Kind != NfaKind.Assert) continue;
            if (!NfaContexts.Holds((AssertionKind)node.Argument, Context, value)) continue;
            _stack[top++] = node.Next;
            while (top > 0)
            {
                var member = _stack[--top];
                if (!_open.Add(member)) continue;
                Work++;
                ref readonly var reached = ref nfa.Nodes[member];
                switch (reached.Kind)
                {
                    case NfaKind.Accept:
                        return true;
                    case NfaKind.Consume:
                        _current.Add(member);
                        break;
                    case NfaKind.Split:
                        _stack[top++] = reached.Other;
                        _stack[top++] = reached.Next;
                        break;
                    case NfaKind.Assert when NfaContexts.Holds((AssertionKind)reached.Argument, Context, value):
                        _stack[top++] = reached.Next;
                        break;
                }
            }
        }

        return false;
    }

    /// <summary>Adds all nodes reachable without consuming; assertions are kept to wait. True on a match.</summary>
    private bool Close(Nfa nfa, int start, NodeSet target)
    {
        var top = 0;
        _stack[top++] = start;
        while (top > 0)
        {
            var member = _stack[--top];
            ref readonly var node = ref nfa.Nodes[member];
            if (node.Kind == NfaKind.Assert && NfaContexts.CannotHold((AssertionKind)node.Argument, Context)) continue;
            if (!target.Add(member)) continue;
            Work++;
            switch (node.Kind)
            {
                case NfaKind.Accept:
                    return true;
                case NfaKind.Split:
                    _stack[top++] = node.Other;
                    _stack[top++] = node.Next;
                    break;
                case NfaKind.Assert
                    when (AssertionKind)node.Argument is AssertionKind.SubjectStart or AssertionKind.SearchStart:
                    _stack[top++] = node.Next;
                    break;
                case NfaKind.Assert:
                    Waits = true;
                    break;
            }
        }

        return false;
    }
}
