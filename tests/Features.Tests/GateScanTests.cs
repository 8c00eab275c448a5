namespace WafOperator.Features.Tests;

public sealed class GateScanTests
{
    [Fact]
    public void HighestAndPlace_OfRandomSums_AreWhatTryingEveryOffsetFinds()
    {
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++)
        {
            var prefix = new int[random.Next(2, 90)];
            for (var i = 1; i < prefix.Length; i++) prefix[i] = prefix[i - 1] + random.Next(-9, 10);
            var length = random.Next(1, prefix.Length);
            var offsets = Enumerable.Range(0, prefix.Length - length);
            var differences = offsets.Select(i => prefix[i + length] - prefix[i]).ToList();
            Assert.Equal(differences.Max(), GateScan.Highest(prefix, length));
            Assert.Equal(differences.IndexOf(differences.Max()), GateScan.Place(prefix, length));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(239, 0)]
    [InlineData(240, 1)]
    [InlineData(479, 1)]
    [InlineData(480, 2)]
    [InlineData(131_072, 10)]
    public void Doublings_OfALength_AreThoseOfAWholeValue(int length, int expected) =>
        Assert.Equal(expected, GateScan.Doublings(length));

    [Theory]
    [InlineData(120, 24)]
    [InlineData(121, 123)]
    [InlineData(240, 242)]
    [InlineData(4_000, 24)]
    [InlineData(4_000, 240)]
    public void Focus_OfAnyWindow_HoldsTheHeaviestByteAndLiesInTheValue(int length, int window)
    {
        foreach (var heavy in new[] { 1, length / 3, length / 2, length })
        {
            var prefix = new int[length + 3];
            for (var i = 1; i < prefix.Length; i++) prefix[i] = prefix[i - 1] + (i - 1 == heavy ? 100 : -1);
            var (start, count) = GateScan.Focus(prefix, length, PlaceOf(prefix, window), window)
                .GetOffsetAndLength(length);
            Assert.Equal(Math.Min(length, GateScan.FocusBytes), count);
            Assert.InRange(heavy - 1, start, start + count - 1);
        }
    }

    private static int PlaceOf(int[] prefix, int window) =>
        window >= prefix.Length - 1 ? 0 : GateScan.Place(prefix, window);
}
