using System.Buffers.Binary;

namespace WafOperator.Features;

/// <summary>The weights of the payload network as <c>kernel.bin</c> of a package holds them, checked for size.</summary>
internal sealed record CnnWeights
{
    public const int Channels = 64;
    public const int Taps = 5;
    public const int Pool = 4;
    public const int Hidden = 64;
    public const int FamiliesMax = 64;

    private const int HeaderBytes = 8 + 4 * 6;
    private static ReadOnlySpan<byte> Magic => "WAFCNN01"u8;

    /// <summary>[token][tap][channel]: embedding and first convolution folded.</summary>
    public required float[] Tables { get; init; }
    public required float[] TablesBias { get; init; }

    /// <summary>[tap][in][out].</summary>
    public required float[] Conv1 { get; init; }
    public required float[] Conv1Bias { get; init; }
    public required float[] Conv2 { get; init; }
    public required float[] Conv2Bias { get; init; }

    /// <summary>[in][out]; the first half of the inputs are maxima, the second means.</summary>
    public required float[] Dense { get; init; }
    public required float[] DenseBias { get; init; }
    public required float[] Logit { get; init; }
    public required float LogitBias { get; init; }

    /// <summary>[in][family].</summary>
    public required float[] Family { get; init; }
    public required float[] FamilyBias { get; init; }

    public static CnnWeights? Read(ReadOnlySpan<byte> file, out string? error)
    {
        if (file.Length < HeaderBytes || !file[..8].SequenceEqual(Magic))
        {
            error = "not a payload-cnn weights file (magic WAFCNN01 missing)";
            return null;
        }

        Span<uint> header = stackalloc uint[6];
        for (var i = 0; i < header.Length; i++)
        {
            header[i] = BinaryPrimitives.ReadUInt32LittleEndian(file[(8 + 4 * i)..]);
        }

        if (header is not [CnnTokenizer.Vocabulary, Taps, Channels, Pool, Hidden, > 0 and <= FamiliesMax])
        {
            error = $"payload-cnn shape differs: vocabulary {header[0]}, taps {header[1]}, channels {header[2]}, pool {header[3]}, "
                + $"hidden {header[4]}, families {header[5]}; the kernel runs {CnnTokenizer.Vocabulary}, {Taps}, {Channels}, {Pool}, {Hidden}";
            return null;
        }

        var families = (int)header[5];
        var floats = FloatCount(families);
        if (file.Length != HeaderBytes + 4 * floats)
        {
            error = $"payload-cnn weights file has {file.Length} bytes, expected {HeaderBytes + 4 * floats}";
            return null;
        }

        error = null;
        var source = new FloatSource(file[HeaderBytes..]);
        return new CnnWeights
        {
            Tables = source.Next(CnnTokenizer.Vocabulary * Taps * Channels),
            TablesBias = source.Next(Channels),
            Conv1 = source.Next(3 * Channels * Channels),
            Conv1Bias = source.Next(Channels),
            Conv2 = source.Next(3 * Channels * Channels),
            Conv2Bias = source.Next(Channels),
            Dense = source.Next(2 * Channels * Hidden),
            DenseBias = source.Next(Hidden),
            Logit = source.Next(Hidden),
            LogitBias = source.Next(1)[0],
            Family = source.Next(Hidden * families),
            FamilyBias = source.Next(families),
        };
    }

    private static int FloatCount(int families) =>
        CnnTokenizer.Vocabulary * Taps * Channels + Channels + 2 * (3 * Channels * Channels + Channels)
        + 2 * Channels * Hidden + Hidden + Hidden + 1 + Hidden * families + families;

    private ref struct FloatSource(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public float[] Next(int count)
        {
            var values = new float[count];
            for (var i = 0; i < count; i++)
            {
                values[i] = BinaryPrimitives.ReadSingleLittleEndian(_rest[(4 * i)..]);
            }

            _rest = _rest[(4 * count)..];
            return values;
        }
    }
}
