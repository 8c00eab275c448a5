using System.Globalization;
using WafOperator.Fixtures;

namespace WafOperator.OnnxRuntime.Tests;

/// <summary>Networks that want more memory than the process has fail, and take nothing.</summary>
[Collection("runtime")]
public sealed class OrtMemoryTests(RuntimeFixture fixture)
{
    private const long MiB = 1 << 20;

    public static TheoryData<string> Hostile => [.. HostileNetwork.Names];

    [Theory, MemberData(nameof(Hostile))]
    public void ANetworkThatGrows_FailsWithinTheLimit(string name)
    {
        const int tokens = 64;
        Assert.Equal(RuntimeFixture.MemoryBytesMax, fixture.Runtime.MemoryBytesMax);
        Assert.True(HostileNetwork.BytesOf(name, tokens) > fixture.Runtime.MemoryBytesMax * 4.0);
        using var session = new OrtSession(fixture.Runtime, HostileNetwork.Of(name), new OrtSessionOptions());
        ResetPeak();
        var before = PeakBytes();

        var failure = Assert.Throws<OrtException>(() => Run(session, tokens));

        Assert.Contains("smaller than requested bytes", failure.Message, StringComparison.Ordinal);
        Assert.InRange(PeakBytes() - before, 0, fixture.Runtime.MemoryBytesMax + 64 * MiB);
        // Others go on as before.
        using var dense = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 3);
        using var run = dense.CreateRun(["x"], ["y"]);
        Assert.Single(run.Run([x]))!.Dispose();
    }

    /// <summary>While a graph is loaded, what does not depend on its inputs is computed: within a bound too.</summary>
    [Fact]
    public void AGraphOfLargeConstants_TakesLittleToLoad()
    {
        ResetPeak();
        var before = PeakBytes();
        using (new OrtSession(fixture.Runtime, HostileNetwork.Of("constants"), new OrtSessionOptions()))
            Assert.InRange(PeakBytes() - before, 0, 4 * OrtMemory.FoldedBytesMax);
    }

    [Fact]
    public void ANetworkThatGrows_RunsWhereItsTensorsAreSmall()
    {
        using var session = new OrtSession(fixture.Runtime, HostileNetwork.Of("broadcast"), new OrtSessionOptions());
        Run(session, 8);
    }

    [Theory]
    [InlineData(0, 64 * MiB)]
    [InlineData(288 * MiB, 96 * MiB)]
    [InlineData(3L << 30, 1L << 30)]
    [InlineData(1L << 50, uint.MaxValue)]
    public void TheLimit_IsAThirdOfTheMemory(long available, long limit) =>
        Assert.Equal(limit, OrtMemory.LimitOf(available));

    private void Run(OrtSession session, int tokens)
    {
        using var run = session.CreateRun(["tokens"], ["logit"]);
        using var input = new OrtTensor<long>(fixture.Runtime, 1, tokens);
        foreach (var output in run.Run([input])) output.Dispose();
    }

    /// <summary>Most memory that was resident since the last reset.</summary>
    private static long PeakBytes() => long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;

    private static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");
}
