using WafOperator.SecLang.Regex;

namespace WafOperator.Matching;

/// <summary>What a node of the automaton does.</summary>
internal enum NfaKind : byte
{
    /// <summary>Consume a byte whose class is in the node's set, then go to Next.</summary>
    Consume,

    /// <summary>Go to Next and to Other.</summary>
    Split,

    /// <summary>Go to Next where the assertion holds.</summary>
    Assert,

    /// <summary>The pattern has matched.</summary>
    Accept,
}

/// <summary>One node; Argument is a set number or an <see cref="AssertionKind"/>.</summary>
internal readonly record struct NfaNode(NfaKind Kind, int Argument, int Next, int Other);

/// <summary>
/// A nondeterministic automaton for a pattern, or for a wider language where the pattern is not regular: then "no" is
/// final and "yes" means "perhaps". Immutable.
/// </summary>
/// <param name="Nodes">The nodes; <paramref name="Start"/> is the entry.</param>
/// <param name="ClassOf">The class of each of the 256 bytes; the class after the last one stands for the end.</param>
/// <param name="ClassCount">Number of classes, without the end.</param>
/// <param name="Members">For each set, a bit for each class: 4 words.</param>
/// <param name="Representatives">One byte of each class.</param>
/// <param name="IsExact">Whether the language is exactly the pattern's.</param>
internal sealed record Nfa(
    NfaNode[] Nodes, int Start, byte[] ClassOf, int ClassCount, ulong[] Members, byte[] Representatives, bool IsExact)
{
    public bool SetHolds(int set, int byteClass) =>
        (Members[(4 * set) + (byteClass >> 6)] >> (byteClass & 63) & 1) != 0;
}
