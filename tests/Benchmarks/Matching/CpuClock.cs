namespace WafOperator.Benchmarks.Matching;

/// <summary>CPU time of this process, which other programs on the machine do not lengthen.</summary>
internal readonly record struct CpuClock(TimeSpan Began)
{
    public double Milliseconds => (Environment.CpuUsage.TotalTime - Began).TotalMilliseconds;

    public static CpuClock Start() => new(Environment.CpuUsage.TotalTime);
}
