using WafOperator.Protocols.Events;

namespace WafOperator.Protocols.Tests.Events;

/// <summary>What a model's answer may hold in an event, whoever sent it.</summary>
public sealed class EventBoundsTests
{
    [Theory]
    [InlineData(3.25, 3.25)]
    [InlineData(-1.0, 0.0)]
    [InlineData(1e9, 1_000.0)]
    [InlineData(double.NaN, null)]
    [InlineData(double.PositiveInfinity, null)]
    [InlineData(null, null)]
    public void TheWidthOfAnAnswer_IsANumberOrNone(double? sent, double? kept) =>
        Assert.Equal(kept, Bound(Result() with { Uncertainty = sent }).Uncertainty);

    [Fact]
    public void FamilyAndType_AreShort()
    {
        var bound = Bound(Result() with { Family = new string('f', 300), Type = new string('t', 300) });

        Assert.Equal((32, 32), (bound.Family!.Length, bound.Type!.Length));
        Assert.Equal("sqli/union", Bound(Result() with { Type = "sqli/union" }).Type);
        Assert.Null(Bound(Result()).Type);
    }

    private static ModelResult Result() => new() { Model = "transformer-small", Version = "1.0.0", Outcome = "Scored" };

    private static ModelResult Bound(ModelResult result) => EventBounds.Bound(new SecurityEvent
    {
        Id = "1", Time = default, Namespace = "shop", Policy = "main", Revision = "r", Client = "192.0.2.1",
        Method = "GET", Path = "/", Verdict = VerdictKind.Allow, WouldHave = VerdictKind.Allow, Reason = "None",
        Models = [result],
    }).Models[0];
}
