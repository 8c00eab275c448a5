namespace WafOperator.Http;

/// <summary>A run of bytes inside a <see cref="ByteArena"/>: an offset and a length, both in bytes.</summary>
public readonly record struct Slice(int Offset, int Length)
{
    /// <summary>The slice that holds nothing; also what an absent field has.</summary>
    public static readonly Slice Empty;

    /// <summary>First byte behind the slice.</summary>
    public int End => Offset + Length;

    /// <summary>True when there are no bytes.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The part of this slice that starts at <paramref name="start"/>.</summary>
    public Slice From(int start) => new(Offset + start, Length - start);

    /// <summary>The part of this slice with the given start and length.</summary>
    public Slice Sub(int start, int length) => new(Offset + start, length);
}
