namespace WafOperator.Engine.Transformations;

/// <summary>t:trim, t:trimLeft, t:trimRight: white space off one or both ends.</summary>
internal sealed class Trim(string name, bool left, bool right) : Transformation(name)
{
    internal override byte[]? Triggers => Bytes.SpacesAndBeyond;

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var start = 0;
        var end = input.Length;
        if (left)
        {
            while (start < end && Bytes.IsSpace(input[start])) start++;
        }

        if (right)
        {
            while (end > start && Bytes.IsSpace(input[end - 1])) end--;
        }

        if (end - start == input.Length) return Unchanged;
        input[start..end].CopyTo(output);
        return end - start;
    }
}
