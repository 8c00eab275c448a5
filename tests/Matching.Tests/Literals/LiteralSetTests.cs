using System.Text;
using WafOperator.Fixtures;

namespace WafOperator.Matching.Tests.Literals;

public sealed class LiteralSetTests
{
    [Theory]
    [InlineData("select,union,'", "UNION SeLeCt", "select,union")]
    [InlineData("he,she,his,hers", "ushers", "he,she,hers")]
    [InlineData("a,aa,aaa", "aa", "a,aa")]
    [InlineData("',\",x'", "don't", "'")]
    [InlineData("abc", "", "")]
    [InlineData("[,{", "[z", "[")]
    public void Scan_KnownText_FindsExactlyWhatOccurs(string literals, string input, string expected)
    {
        var names = literals.Split(',');
        var found = Scan([.. names.Select(Encoding.Latin1.GetBytes)], Encoding.Latin1.GetBytes(input));
        Assert.Equal(expected, string.Join(',', names.Where((_, index) => found[index])));
    }

    [Fact]
    public void Scan_EmptyLiteral_OccursEverywhere() => Assert.Equal([true, false], Scan([[], [1]], []));

    [Fact]
    public void Scan_MoreSingleByteLiteralsThanGroups_IsStillExact()
    {
        var literals = Enumerable.Range(128, 128).Select(value => new[] { (byte)value }).ToArray();
        var found = Scan(literals, [250, 3, 130]);
        Assert.Equal([2, 122], Enumerable.Range(0, 128).Where(index => found[index]));
    }

    [Fact]
    public void Scan_RandomLiterals_AgreesWithNaiveSearch()
    {
        const int Seed = 20261122;
        var random = new Random(Seed);
        for (var round = 0; round < 400; round++)
        {
            var alphabet = random.Next(3) switch
            {
                0 => "ab",
                1 => "abcXYZ'\"",
                _ => "the quick BROWN <fox>%01\u00e9\u0000",
            };
            var literals = RandomTexts(random, 120, alphabet, 6);
            var input = RandomText(random, alphabet, 0, 200);
            var found = Scan(literals, input);
            for (var index = 0; index < literals.Length; index++)
                Assert.Equal(NaiveFind(input, literals[index]) >= 0, found[index]);
        }
    }

    [Fact]
    public void TryFind_RandomPhrases_ReportsTheOneThatEndsFirst()
    {
        var random = new Random(7);
        for (var round = 0; round < 400; round++)
        {
            var phrases = RandomTexts(random, 20, "abC", 5);
            var input = RandomText(random, "aBc d", 0, 60);
            var ends = phrases.Select(phrase => (Start: NaiveFind(input, phrase), phrase.Length))
                .Where(hit => hit.Start >= 0)
                .OrderBy(hit => hit.Start + hit.Length).ThenByDescending(hit => hit.Length).ToList();
            var found = PhraseSet.Create(phrases).TryFind(input, out var match);
            Assert.Equal(ends.Count > 0, found);
            if (found) Assert.Equal(ends[0], (match.Start, match.Length));
            var phrase = SparseAutomaton.Build(phrases).Find(input, out var end);
            Assert.Equal(found, phrase >= 0);
            if (found) Assert.Equal(match.Start + match.Length, end);
            if (found) Assert.Equal(match.Length, phrases[phrase].Length);
        }
    }

    [Fact]
    public void TryFind_VeryLongList_TakesTheSmallForm()
    {
        byte[] Name(int number) => Encoding.ASCII.GetBytes($"host{number:x}.test");
        var phrases = Enumerable.Range(0, 50_000).Select(Name).ToArray();
        var set = PhraseSet.Create(phrases);
        Assert.True(set.TryFind("see HOSTc34f.TEST for more"u8, out var match));
        Assert.Equal(new PhraseMatch(0xc34f, 4, 13), match);
        Assert.False(set.TryFind("see hostc35f.test for more"u8, out _));
    }

    [Fact]
    public void Scan_LiteralAcrossTheMiddleOfALongInput_IsFound()
    {
        var set = LiteralSet.Create(["needle"u8.ToArray(), "x"u8.ToArray()]);
        for (var length = 6; length < 300; length++)
        {
            for (var start = 0; start + 6 <= length; start++)
            {
                var input = new byte[length];
                "NEEDLE"u8.CopyTo(input.AsSpan(start));
                var found = new ulong[1];
                set.Scan(input, found);
                Assert.Equal(1UL, found[0]);
            }
        }
    }

    [Fact]
    public void Scan_SharedClasses_NeverMisses()
    {
        var literals = Enumerable.Range(0, 250).Select(value => (byte[])[(byte)value, (byte)(value + 1)]).ToArray();
        var conditions = literals.Select(literal => PatternCondition.ContainsAny([literal])).ToArray();
        var set = PrefilterSet.Create(conditions);
        var candidates = new ulong[set.WordCount];
        for (var index = 0; index < literals.Length; index++)
        {
            set.Scan([1, .. literals[index], 9], candidates);
            Assert.NotEqual(0UL, candidates[index >> 6] & (1UL << (index & 63)));
        }
    }

    [Fact]
    public void Scan_AfterConstruction_AllocatesNothing()
    {
        var set = LiteralSet.Create([.. "select,union,sleep(,',\",/etc/".Split(',').Select(Encoding.Latin1.GetBytes)]);
        var input = Encoding.Latin1.GetBytes("name=John Smith&comment=please select one");
        var found = new ulong[set.WordCount];
        set.Scan(input, found);

        Assert.Equal(0, Allocations.LeastOf(() =>
        {
            for (var round = 0; round < 1000; round++) set.Scan(input, found);
        }));
        Assert.Equal(1UL, found[0]);
    }

    private static bool[] Scan(byte[][] literals, byte[] input)
    {
        var set = LiteralSet.Create(literals);
        var found = new ulong[set.WordCount];
        found.AsSpan().Fill(ulong.MaxValue);
        set.Scan(input, found);
        return [.. literals.Select((_, index) => (found[index >> 6] >> (index & 63) & 1) != 0)];
    }

    private static int NaiveFind(byte[] input, byte[] literal) =>
        Fold(input).IndexOf(Fold(literal), StringComparison.Ordinal);

    private static string Fold(byte[] text) =>
        Encoding.Latin1.GetString(Array.ConvertAll(text, AsciiCase.ToLower));

    private static byte[][] RandomTexts(Random random, int countMax, string alphabet, int lengthMax) =>
        [.. Enumerable.Range(0, random.Next(1, countMax)).Select(_ => RandomText(random, alphabet, 1, lengthMax))];

    private static byte[] RandomText(Random random, string alphabet, int min, int max) =>
        [.. Enumerable.Range(0, random.Next(min, max + 1)).Select(_ => (byte)alphabet[random.Next(alphabet.Length)])];
}
