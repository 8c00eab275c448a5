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

    /// <summary>Widest dilation of the second convolution.</summary>
    public const int DilationMax = 3;

    private const int MagicBytes = 8;

    /// <summary>One score of the whole window, out of maxima and means.</summary>
    private static ReadOnlySpan<byte> WholeMagic => "WAFCNN01"u8;

    /// <summary>A score at every position.</summary>
    private static ReadOnlySpan<byte> PositionsMagic => "WAFCNN02"u8;

    /// <summary>
    /// Each position is scored by itself and the highest counts; older networks score maxima and means of the window.
    /// </summary>
    public required bool ScoresPositions { get; init; }

    /// <summary>Positions between the taps of the second convolution.</summary>
    public required int Dilation { get; init; }

    /// <summary>[token][tap][channel]: embedding and first convolution folded.</summary>
    public required float[] Tables { get; init; }
    public required float[] TablesBias { get; init; }

    /// <summary>[tap][in][out].</summary>
    public required float[] Conv1 { get; init; }
    public required float[] Conv1Bias { get; init; }
    public required float[] Conv2 { get; init; }
    public required float[] Conv2Bias { get; init; }

    /// <summary>
    /// [in][out]; inputs are a position's channels, of older networks maxima, then means.
    /// </summary>
    public required float[] Dense { get; init; }
    public required float[] DenseBias { get; init; }
    public required float[] Logit { get; init; }
    public required float LogitBias { get; init; }

    /// <summary>[in][family].</summary>
    public required float[] Family { get; init; }
    public required float[] FamilyBias { get; init; }

    public static CnnWeights? Read(ReadOnlySpan<byte> file, out string? error)
    {
        var positions = file.StartsWith(PositionsMagic);
        Span<uint> header = stackalloc uint[positions ? 7 : 6];
        var headerBytes = MagicBytes + (4 * header.Length);
        if (file.Length < headerBytes || !(positions || file.StartsWith(WholeMagic)))
        {
            error = "not a payload-cnn weights file (magic WAFCNN02 or WAFCNN01 missing)";
            return null;
        }

        for (var i = 0; i < header.Length; i++)
            header[i] = BinaryPrimitives.ReadUInt32LittleEndian(file[(MagicBytes + (4 * i))..]);
        if (header[..6] is not [CnnTokenizer.Vocabulary, Taps, Channels, Pool, Hidden, > 0 and <= FamiliesMax]
            || (positions && header[6] is 0 or > DilationMax))
        {
            error = $"payload-cnn shape differs: {string.Join(", ", header.ToArray())}; the kernel runs vocabulary "
                + $"{CnnTokenizer.Vocabulary}, taps {Taps}, channels {Channels}, pool {Pool}, hidden {Hidden}, up to "
                + $"{FamiliesMax} families and a dilation of up to {DilationMax}";
            return null;
        }

        var families = (int)header[5];
        var inputs = positions ? Channels : 2 * Channels;
        var floats = FloatCount(families, inputs);
        if (file.Length != headerBytes + (4 * floats))
        {
            error = $"payload-cnn weights file has {file.Length} bytes, expected {headerBytes + (4 * floats)}";
            return null;
        }

        error = null;
        var source = new FloatSource(file[headerBytes..]);
        return new CnnWeights
        {
            ScoresPositions = positions,
            Dilation = positions ? (int)header[6] : 2,
            Tables = source.Next(CnnTokenizer.Vocabulary * Taps * Channels),
            TablesBias = source.Next(Channels),
            Conv1 = source.Next(3 * Channels * Channels),
            Conv1Bias = source.Next(Channels),
            Conv2 = source.Next(3 * Channels * Channels),
            Conv2Bias = source.Next(Channels),
            Dense = source.Next(inputs * Hidden),
            DenseBias = source.Next(Hidden),
            Logit = source.Next(Hidden),
            LogitBias = source.Next(1)[0],
            Family = source.Next(Hidden * families),
            FamilyBias = source.Next(families),
        };
    }

    private static int FloatCount(int families, int inputs) =>
        CnnTokenizer.Vocabulary * Taps * Channels + Channels + 2 * (3 * Channels * Channels + Channels)
        + inputs * Hidden + Hidden + Hidden + 1 + Hidden * families + families;

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
