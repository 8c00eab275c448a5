using WafOperator.Behaviour.History;

namespace WafOperator.Behaviour.Tests.History;

public sealed class RequestEntryTests
{
    [Fact]
    public void Of_AnyRequest_KeepsEachFieldToItsStep()
    {
        var random = new Random(20261130);
        for (var i = 0; i < 100_000; i++)
        {
            var gap = Math.Pow(2, random.NextDouble() * 30) - 1;
            var request = new Observation
            {
                Verb = (Verb)random.Next(8), Route = random.Next(RequestEntry.RouteMax + 1), Status = random.Next(600),
                Bytes = (long)Math.Pow(2, random.NextDouble() * 31),
                Milliseconds = Math.Pow(2, random.NextDouble() * 20),
                PathBytes = random.Next(2000), RuleScore = random.Next(12), ModelScore = random.NextDouble(),
                Marks = (RequestMarks)random.Next(256),
            };
            var entry = RequestEntry.Of(request, gap);

            Assert.Equal((request.Verb, request.Route, request.Status, request.Marks),
                (entry.Verb, entry.Route, entry.Status, entry.Marks));
            Assert.Equal((Math.Min(request.RuleScore, 7), (int)(request.ModelScore * 8)),
                (entry.RuleScore, entry.ModelScore));
            Within(request.Bytes, entry.Bytes, 1.42);
            Within(request.Milliseconds * 8, entry.Milliseconds * 8, 1.42);
            Within(request.PathBytes, entry.PathBytes, 1.42);
            Within(gap, entry.Gap, 1.19);
        }

        static void Within(double value, double kept, double factor) =>
            Assert.InRange(kept + 1, (value + 1) / factor, (value + 1) * 1.0001);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(-5, 0)]
    [InlineData(1e300, 127)]
    [InlineData(double.PositiveInfinity, 127)]
    public void Step_IsWithinItsBits(double gap, int step) =>
        Assert.Equal(step, RequestEntry.Of(default, gap).GapStep);
}
