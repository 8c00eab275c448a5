using System.Text;
using System.Text.RegularExpressions;
using System.Buffers.Binary;

namespace WafOperator.Features.Tests;

public sealed class GoldenValueTests
{
    private static readonly IReadOnlyList<GoldenValue> Values = GoldenValues.Read();

    [Fact]
    public void Normalize_EveryGoldenValue_EqualsTraining()
    {
        Assert.True(Values.Count > 1000);
        Assert.All(Values, golden =>
        {
            var buffer = new byte[Math.Min(golden.Value.Length, ValueNormalizer.ValueBytesMax)];
            var length = ValueNormalizer.Normalize(golden.Value, buffer, out var flags);
            Assert.Equal(Convert.ToHexString(golden.Normalized), Convert.ToHexString(buffer.AsSpan(0, length)));
            Assert.Equal((ValueFlags)golden.Flags, flags);
            Assert.Equal(golden.Plain, ValueNormalizer.IsPlain(golden.Normalized, flags));
        });
    }

    [Fact]
    public void Windows_EveryGoldenValue_CountAndNgramsEqualTraining() => Assert.All(Values, golden =>
    {
        Assert.Equal(golden.Windows, CnnTokenizer.WindowCount(golden.Normalized.Length));
        var window = golden.Normalized[CnnTokenizer.Window(golden.Normalized.Length, 0)];
        Assert.Equal(golden.Ngrams, Crc(NgramBuckets(window)));
    });

    [Fact]
    public void Tokenize_EveryGoldenValue_EqualsTraining() => Assert.All(Values, golden =>
    {
        var last = CnnTokenizer.Window(golden.Normalized.Length, golden.Windows - 1);
        var tokens = new int[CnnTokenizer.TokensMax];
        var length = CnnTokenizer.Tokenize(golden.Normalized[last], (ValueFlags)golden.Flags, tokens);
        Assert.Equal(golden.TokenCount, length);
        Assert.Equal(golden.Tokens, Crc([.. tokens.Take(length).Select(t => (uint)t)]));
    });

    [Fact]
    public void Look_EveryGoldenValue_EqualsTrainingToTheBit()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out var error);
        Assert.Null(error);
        Assert.All(Values, golden =>
        {
            Assert.Equal(golden.Places, PlacesOf(gate!, golden.Normalized, (ValueFlags)golden.Flags));
            Assert.Equal(golden.Places[0][0], gate!.Logit(golden.Normalized, (ValueFlags)golden.Flags));
        });
    }

    [Fact]
    public void NormalizeAndLook_EveryLongValue_EqualTrainingAndSayWhatWasNotRead()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out _)!;
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var values = GoldenValues.ReadLong();
        Assert.Contains(values, golden => golden.Unread > 0);
        Assert.All(values, golden =>
        {
            var length = ValueNormalizer.Normalize(golden.Value, buffer, out var flags, out var unread);
            Assert.Equal(golden.Length, length);
            Assert.Equal(golden.Normalized, Crc(buffer.AsSpan(0, length)));
            Assert.Equal((ValueFlags)golden.Flags, flags);
            Assert.Equal(golden.Unread, unread);
            Assert.Equal(golden.Places, PlacesOf(gate, buffer.AsSpan(0, length), flags));
        });
    }

    private static double[][] PlacesOf(GateModel gate, ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        var places = new GatePlace[GatePlace.Max + 1];
        var count = gate.Look(normalized, flags, double.NegativeInfinity, places);
        return [.. places.Take(count).Select(p => new[] { p.Logit, p.Start, p.Start + p.Length })];
    }

    private static List<uint> NgramBuckets(ReadOnlySpan<byte> window)
    {
        byte[] framed = [NgramHash.Start, .. window, NgramHash.End];
        var buckets = new List<uint>();
        for (var at = 0; at < framed.Length; at++)
        {
            var hash = NgramHash.First(NgramHash.Fold(framed[at]));
            for (var end = at + 1; end < Math.Min(framed.Length, at + NgramHash.NgramMax); end++)
            {
                hash = NgramHash.Append(hash, NgramHash.Fold(framed[end]));
                buckets.Add((uint)NgramHash.Bucket(hash));
            }
        }

        buckets.AddRange(TokenBuckets(framed));
        return buckets;
    }

    /// <summary>Token n-grams, told by their names in training: E is a token exactly, S its shape.</summary>
    private static IEnumerable<uint> TokenBuckets(byte[] framed)
    {
        string[] kinds = ["E", "EE", "EEE", "SSS", "SSSS", "SSSSS", "ESS", "SSE"];
        var tokens = Tokens(framed);
        for (var first = 0; first < tokens.Count; first++)
        {
            for (var number = 0u; number < kinds.Length; number++)
            {
                var kind = kinds[number];
                if (first + kind.Length > tokens.Count) continue;
                var hash = 0x811c9dc5 + number;
                for (var i = 0; i < kind.Length; i++)
                {
                    var (exact, shape) = tokens[first + i];
                    hash = (hash ^ (kind[i] == 'E' ? exact : shape)) * 0x01000193;
                }

                yield return (uint)(NgramHash.Bucket(hash ^ (hash >> 15)) + NgramHash.TokenBase);
            }
        }
    }

    private static List<(uint Exact, uint Shape)> Tokens(byte[] framed)
    {
        var text = Encoding.Latin1.GetString(framed);
        var tokens = new List<(uint, uint)>();
        const string pattern = @"(?<word>[a-zA-Z_\x80-\xff]+)|(?<digits>[0-9]+)|[^ +]";
        foreach (Match match in Regex.Matches(text, pattern, RegexOptions.Singleline))
        {
            if (match.Groups["digits"].Success)
            {
                tokens.Add((0x101, 0x101));
                continue;
            }

            if (!match.Groups["word"].Success)
            {
                tokens.Add((match.Value[0], match.Value[0]));
                continue;
            }

            var (hash, power) = (0u, 1u);
            foreach (var b in match.Value)
            {
                hash += b * power;
                power *= 0x01000193;
            }

            tokens.Add((hash ^ 0x9e3779b1, 0x100));
        }

        return tokens;
    }

    /// <summary>CRC-32 of little-endian 32-bit numbers.</summary>
    private static uint Crc(List<uint> numbers)
    {
        var bytes = new byte[4 * numbers.Count];
        for (var i = 0; i < numbers.Count; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), numbers[i]);
        return Crc(bytes);
    }

    /// <summary>CRC-32 as zlib computes it.</summary>
    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}
