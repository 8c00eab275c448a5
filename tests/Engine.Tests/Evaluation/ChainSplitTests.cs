using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Program;

namespace WafOperator.Engine.Tests.Evaluation;

/// <summary>What is kept of how values are sorted is what sorting chain by chain says.</summary>
public sealed class ChainSplitTests
{
    private const int Words = 3;

    [Fact]
    public void Of_AnyValues_SaysWhatEachChainSays()
    {
        var random = new Random(20261130);
        var splits = new ChainSplits(Words);
        // More readers and kinds than are kept, so that answers are asked for again, and again after they had to go.
        var readers = Enumerable.Range(0, 12).Select(_ => AnyReaders(random)).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var asked = readers[random.Next(readers.Length)];
            var classes = (ulong)random.NextInt64(64) | (ulong)random.NextInt64() << 40;
            var split = splits.Of(asked, classes);

            var unchanged = new ulong[Words];
            var changed = new List<int>();
            for (var place = 0; place < asked.Chains.Length; place++)
            {
                var chain = asked.Chains[place];
                if ((classes & chain.ScanTriggers) != 0) changed.Add(place);
                else
                    for (var word = 0; word < Words; word++) unchanged[word] |= chain.Units[word];
            }

            Assert.Equal(changed, split.Changed.ToArray());
            Assert.Equal(unchanged, split.Unchanged);
        }
    }

    private static Readers AnyReaders(Random random)
    {
        var chains = Enumerable.Range(0, random.Next(1, 9)).Select(node => new ChainReaders(
            node, (ulong)random.NextInt64(64) & (ulong)random.NextInt64(64),
            [.. Enumerable.Range(0, Words).Select(_ => (ulong)random.NextInt64())])).ToArray();
        return new Readers(
            [.. Enumerable.Range(0, Words).Select(word => chains.Aggregate(0UL, (all, one) => all | one.Units[word]))],
            chains, chains.Aggregate(0UL, (all, one) => all | one.ScanTriggers));
    }
}
