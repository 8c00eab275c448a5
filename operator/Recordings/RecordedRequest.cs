namespace WafOperator.Recordings;

/// <summary>One recorded request.</summary>
/// <param name="Line">Where it stands in the file: line or entry, from 1.</param>
/// <param name="Method">Method.</param>
/// <param name="Target">Path and query as they were sent.</param>
public sealed record RecordedRequest(long Line, string Method, string Target)
{
    /// <summary>Header fields in their order; without framing, which is made anew.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>Body, as it was sent.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Client address, where the record has one.</summary>
    public string? Client { get; init; }

    /// <summary>What people say of it: true for an attack; null when nobody said.</summary>
    public bool? IsAttack { get; init; }
}

/// <summary>What a recording held besides requests.</summary>
public sealed class RecordingProblems
{
    private const int KeptMax = 20;
    private readonly List<string> _kept = [];

    /// <summary>How many entries could not be read.</summary>
    public int Count { get; private set; }

    /// <summary>The first of them, with their line.</summary>
    public IReadOnlyList<string> Kept => _kept;

    public void Add(long line, string why)
    {
        Count++;
        if (_kept.Count < KeptMax) _kept.Add($"{line}: {why}");
    }
}
