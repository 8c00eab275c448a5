namespace WafOperator.Protocols.Inference;

/// <summary>Paths and headers of the pool's API, after the Open Inference Protocol v2 with a compact body of our own.</summary>
public static class InferenceProtocol
{
    /// <summary>Media type of the compact body.</summary>
    public const string CompactMediaType = "application/vnd.wafoperator.inference";

    /// <summary>Header with the time the caller will still wait, microseconds.</summary>
    public const string DeadlineHeader = "Waf-Deadline-Us";

    /// <summary>Header with the priority: 0 first.</summary>
    public const string PriorityHeader = "Waf-Priority";
}
