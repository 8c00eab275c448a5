using System.Globalization;
using WafOperator.Fixtures;
using WafOperator.OnnxRuntime;

namespace WafOperator.OnnxRuntime.Tests;

[Collection("runtime")]
public sealed class OrtStressTests(RuntimeFixture fixture)
{
    [Fact]
    public void Run_FromManyThreadsOnOneSession_IsAlwaysRight()
    {
        using var session = fixture.DenseSession();
        var wrong = 0;
        var threads = Enumerable.Range(1, 8).Select(n => new Thread(() => RunMany(session, n, ref wrong))).ToList();
        threads.ForEach(t => t.Start());
        threads.ForEach(t => t.Join());

        Assert.Equal(0, wrong);
    }

    [Fact]
    public void HundredThousandRuns_WithNewTensorsAndBindings_DoNotLeak()
    {
        using var session = fixture.DenseSession();
        for (var i = 0; i < 30_000; i++) OneRun(session);
        var before = NativeKilobytes();
        for (var i = 0; i < 100_000; i++) OneRun(session);
        var grown = NativeKilobytes() - before;

        // One leaked OrtValue a run would be over 20 MB.
        Assert.True(grown < 8_000, $"native memory grew by {grown} kB over 100,000 runs");
    }

    [Fact]
    public void Run_AllocatesAlmostNothingManaged()
    {
        using var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 1, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        binding.Run();

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var i = 0; i < 1_000; i++) binding.Run();
        }));
    }

    private void RunMany(OrtSession session, int n, ref int wrong)
    {
        using var x = new OrtTensor<float>(fixture.Runtime, n, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, n, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        for (var i = 0; i < 1_000; i++)
        {
            x.Span.Fill(i % 7);
            binding.Run();
            if (y.Span[(n * 2) - 1] != Math.Max(0, (i % 7 * 3.5f) - 0.25f)) Interlocked.Increment(ref wrong);
        }
    }

    private void OneRun(OrtSession session)
    {
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 1, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        binding.Run();
    }

    /// <summary>Resident memory without the collector's heap, which may grow to a size of its own choice.</summary>
    private static long NativeKilobytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var line = File.ReadLines("/proc/self/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            - (GC.GetGCMemoryInfo().TotalCommittedBytes / 1024);
    }
}
