using WafOperator.Fixtures;

namespace WafOperator.Features.Tests;

public sealed class GateModelTests
{
    [Fact]
    public void Read_ForeignFile_IsRefusedWithTheReason()
    {
        Assert.Null(GateModel.Read("not a model"u8, out var error));
        Assert.Contains("WAFGATE3", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OtherHashBits_IsRefusedWithTheReason()
    {
        var file = GoldenValues.SyntheticGate();
        file[8] = 17;
        Assert.Null(GateModel.Read(file, out var error));
        Assert.Contains("hash bits 17", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40, 13, null)]
    [InlineData(40, 17, "one of 16 bytes behind one of 17")]
    [InlineData(40, 3, "one of 3 bytes")]
    [InlineData(24, 0, "0 window lengths")]
    [InlineData(24, 17, "17 window lengths")]
    public void Read_WindowLengths_AreTheFilesOwnWithinBounds(int at, byte value, string? reason)
    {
        var file = GoldenValues.SyntheticGate();
        file[at] = value;
        var gate = GateModel.Read(file, out var error);
        Assert.Equal(reason is null, gate is not null);
        Assert.Contains(reason ?? "", error ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FileThatEndsInItsHead_IsRefusedWithTheReason()
    {
        Assert.Null(GateModel.Read("WAFGATE3 and no more"u8, out var error));
        Assert.Contains("20 bytes", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TruncatedFile_IsRefusedWithTheReason()
    {
        Assert.Null(GateModel.Read(GoldenValues.SyntheticGate().AsSpan(0, 5000), out var error));
        Assert.Contains("5000 bytes", error, StringComparison.Ordinal);
    }

    [Fact]
    public void NormalizeAndLook_AfterWarmUp_AllocateNothing()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out _)!;
        var values = GoldenValues.Read();
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var tokens = new int[CnnTokenizer.TokensMax];
        var places = new GatePlace[GatePlace.Max + 1];
        Run();
        Assert.Equal(0, Allocations.LeastOf(Run));

        void Run()
        {
            for (var i = 0; i < values.Count; i++)
            {
                var length = ValueNormalizer.Normalize(values[i].Value, buffer, out var flags);
                var normalized = buffer.AsSpan(0, length);
                _ = gate.Look(normalized, flags, double.NegativeInfinity, places);
                _ = gate.Heaviest(normalized, 24);
                _ = CnnTokenizer.Tokenize(normalized[CnnTokenizer.Window(length, 0)], flags, tokens);
            }
        }
    }

    [Fact]
    public void Heaviest_RangeOfAskedLength_LiesInTheValue()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out _)!;
        var value = "a longer value with many words in it"u8;
        var (_, length) = gate.Heaviest(value, 10).GetOffsetAndLength(value.Length);
        Assert.Equal(10, length);
        Assert.Equal(0..3, gate.Heaviest("abc"u8, 10));
    }

    /// <summary>A decoy that frightens the gate more does not keep the attack from being looked at.</summary>
    [Fact]
    public void Look_SeveralFrighteningPlaces_FindsEachOnce()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out _)!;
        var value = new byte[4_000];
        new Random(3).NextBytes(value);
        var places = new GatePlace[GatePlace.Max + 1];
        var count = gate.Look(value, ValueFlags.None, double.NegativeInfinity, places);
        Assert.Equal(places.Length, count);
        Assert.Equal(places.OrderByDescending(p => p.Logit), places);
        Assert.Equal(count, places.Select(p => p.Start).Distinct().Count());
        Assert.Equal(1, gate.Look(value, ValueFlags.None, places[0].Logit + 1, places));
        Assert.Equal(3, gate.Look(value, ValueFlags.None, double.NegativeInfinity, places.AsSpan(0, 3)));
    }
}
