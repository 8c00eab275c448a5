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

    [Fact]
    public void Read_OtherWindows_IsRefusedWithTheReason()
    {
        var file = GoldenValues.SyntheticGate();
        file[40] = 25;
        Assert.Null(GateModel.Read(file, out var error));
        Assert.Contains("one of 25 bytes", error, StringComparison.Ordinal);
        file[24] = 7;
        Assert.Null(GateModel.Read(file, out error));
        Assert.Contains("7 lengths", error, StringComparison.Ordinal);
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
    public void NormalizeAndLogit_AfterWarmUp_AllocateNothing()
    {
        var gate = GateModel.Read(GoldenValues.SyntheticGate(), out _)!;
        var values = GoldenValues.Read();
        var buffer = new byte[ValueNormalizer.ValueBytesMax];
        var tokens = new int[CnnTokenizer.TokensMax];
        Run();
        Assert.Equal(0, Allocations.LeastOf(Run));

        void Run()
        {
            for (var i = 0; i < values.Count; i++)
            {
                var length = ValueNormalizer.Normalize(values[i].Value, buffer, out var flags);
                var normalized = buffer.AsSpan(0, length);
                _ = gate.Logit(normalized, flags);
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
}
