using WafOperator.Http;

namespace WafOperator.Engine.Values;

/// <summary>Which block of bytes a <see cref="Text"/> points into.</summary>
internal enum Origin : byte
{
    /// <summary>The program's constants.</summary>
    Constant,

    /// <summary>The transaction's own memory: transformed values, macros, variables.</summary>
    Own,

    /// <summary>The request.</summary>
    Request,

    /// <summary>The response.</summary>
    Response,
}

/// <summary>A run of bytes in one of a transaction's blocks; copying it copies no bytes.</summary>
internal readonly record struct Text(Origin Origin, Slice Slice)
{
    public static readonly Text Empty;

    public int Length => Slice.Length;

    public bool IsEmpty => Slice.Length == 0;

    public Text Sub(int start, int length) => new(Origin, Slice.Sub(start, length));
}
