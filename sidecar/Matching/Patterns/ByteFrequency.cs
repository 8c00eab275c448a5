namespace WafOperator.Matching;

/// <summary>
/// A rough guess of how often bytes occur in benign requests, used only to prefer rare literals over common ones.
/// Nothing depends on it but speed.
/// </summary>
internal static class ByteFrequency
{
    private static readonly float[] s_share = Build();

    /// <summary>The expected share of positions at which a literal starts by chance.</summary>
    public static double Of(ReadOnlySpan<byte> literal)
    {
        var product = 1.0;
        foreach (var value in literal) product *= s_share[value];
        return product;
    }

    private static float[] Build()
    {
        var share = new float[256];
        share.AsSpan(0, 32).Fill(0.0002f);
        share.AsSpan(32, 96).Fill(0.002f);
        share.AsSpan(127).Fill(0.0003f);
        share['\n'] = share['\r'] = 0.001f;
        foreach (var symbol in " =./-_") share[symbol] = 0.02f;
        foreach (var symbol in "&:;,%+()") share[symbol] = 0.005f;
        foreach (var symbol in "0123456789") share[symbol] = 0.02f;
        foreach (var symbol in "etaoinsr") share[symbol] = share[symbol - 32] = 0.06f;
        foreach (var symbol in "hdlcumpfg") share[symbol] = share[symbol - 32] = 0.03f;
        foreach (var symbol in "ybwvkxjqz") share[symbol] = share[symbol - 32] = 0.01f;
        return share;
    }
}
