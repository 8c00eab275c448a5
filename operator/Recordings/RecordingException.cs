namespace WafOperator.Recordings;

/// <summary>A recording that cannot be read at all. The message is one sentence; the next step is another.</summary>
public sealed class RecordingException(string message, string? next = null) : Exception(message)
{
    /// <summary>What to do about it, or null.</summary>
    public string? Next { get; } = next;
}
