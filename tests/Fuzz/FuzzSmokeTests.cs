using WafOperator.Fuzz.Running;

namespace WafOperator.Fuzz;

/// <summary>Each target for a moment with every test run; the long runs are the program's.</summary>
public sealed class FuzzSmokeTests(Xunit.Abstractions.ITestOutputHelper output)
{
    private const int Inputs = 4000;

    public static TheoryData<string> Names { get; } = new(FuzzRun.Targets.Select(target => target.Name));

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_Target_KeepsItsProperties(string name)
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), out var given) ? given : 20261122;
        output.WriteLine($"{name}: seed {seed}");
        var target = FuzzRun.Targets.Single(item => item.Name == name);
        var report = FuzzRun.Run(target, seed, Inputs, TimeSpan.FromSeconds(20));
        Assert.True(report.Failure is null, report.Failure?.ToString());
        Assert.NotEqual(0, report.Inputs);
    }

    [Fact]
    public void Run_Canary_IsNoticedAndCanBeRepeated()
    {
        var report = FuzzRun.Run(new CanaryTarget(), 1, 100_000, TimeSpan.FromSeconds(20));
        Assert.NotNull(report.Failure);
        Assert.NotNull(FuzzRun.TryOnce(new CanaryTarget(), report.Failure.Seed));
    }
}
