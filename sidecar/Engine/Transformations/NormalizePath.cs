namespace WafOperator.Engine.Transformations;

/// <summary>
/// t:normalisePath and t:normalisePathWin: doubled slashes, self references and back references are resolved; back
/// references that lead out of a relative path stay, out of an absolute one they go. The second reads backslashes as
/// slashes.
/// </summary>
internal sealed class NormalizePath(string name, bool isWindows) : Transformation(name)
{
    internal override byte[]? Triggers => isWindows ? [.. "/.\\"u8] : [.. "/."u8];

    public override bool IsIdempotent => true;

    public override int Apply(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (IsNormal(input)) return Unchanged;
        var isAbsolute = IsSeparator(input[0]);
        var written = 0;
        var floor = 0;
        var i = 0;
        if (isAbsolute) output[written++] = (byte)'/';
        while (i < input.Length)
        {
            while (i < input.Length && IsSeparator(input[i])) i++;
            var start = i;
            while (i < input.Length && !IsSeparator(input[i])) i++;
            var segment = input[start..i];
            if (segment.IsEmpty || segment is [(byte)'.']) continue;
            if (segment is [(byte)'.', (byte)'.'] && Ascend(output, isAbsolute, floor, ref written)) continue;
            Append(segment, output, isAbsolute, ref written);
            if (segment is [(byte)'.', (byte)'.']) floor = written;
        }

        if (IsSeparator(input[^1]) && written > (isAbsolute ? 1 : 0)) output[written++] = (byte)'/';
        return Finish(input, output, written);
    }

    private bool IsNormal(ReadOnlySpan<byte> path)
    {
        if (path.IsEmpty) return true;
        if (isWindows && path.Contains((byte)'\\')) return false;
        return path[0] != '.' && path.IndexOf("//"u8) < 0 && path.IndexOf("/."u8) < 0;
    }

    /// <summary>Takes the last segment away; false when the back reference has to stay.</summary>
    private static bool Ascend(Span<byte> output, bool isAbsolute, int floor, ref int written)
    {
        var root = isAbsolute ? 1 : 0;
        if (written <= root) return isAbsolute;
        if (written == floor) return false;
        var slash = output[..written].LastIndexOf((byte)'/');
        written = Math.Max(slash, root);
        return true;
    }

    private static void Append(ReadOnlySpan<byte> segment, Span<byte> output, bool isAbsolute, ref int written)
    {
        if (written > (isAbsolute ? 1 : 0)) output[written++] = (byte)'/';
        segment.CopyTo(output[written..]);
        written += segment.Length;
    }

    private bool IsSeparator(byte value) => value == '/' || isWindows && value == '\\';
}
