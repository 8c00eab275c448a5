namespace WafOperator.Engine.Transformations;

/// <summary>
/// Best-fit map of Windows code page 20127 (US-ASCII): which ASCII character a server that converts to it makes of a
/// code point. Facts of the code page; 0 where it has no fit.
/// </summary>
internal static class BestFit
{
    /// <summary>Code point, then the character it becomes, over and over.</summary>
    private const string Pairs =
        "\u00a0 \u00a1!\u00a2c\u00a4$\u00a5Y\u00a6|\u00a9C\u00aaa\u00ab<\u00ad-\u00aeR\u00b22\u00b33\u00b7."
        + "\u00b8,\u00b91\u00bao\u00bb>\u00c0A\u00c1A\u00c2A\u00c3A\u00c4A\u00c5A\u00c6A\u00c7C\u00c8E\u00c9E"
        + "\u00caE\u00cbE\u00ccI\u00cdI\u00ceI\u00cfI\u00d0D\u00d1N\u00d2O\u00d3O\u00d4O\u00d5O\u00d6O\u00d8O"
        + "\u00d9U\u00daU\u00dbU\u00dcU\u00ddY\u00e0a\u00e1a\u00e2a\u00e3a\u00e4a\u00e5a\u00e6a\u00e7c\u00e8e"
        + "\u00e9e\u00eae\u00ebe\u00eci\u00edi\u00eei\u00efi\u00f1n\u00f2o\u00f3o\u00f4o\u00f5o\u00f6o\u00f8o"
        + "\u00f9u\u00fau\u00fbu\u00fcu\u00fdy\u00ffy\u0100A\u0101a\u0102A\u0103a\u0104A\u0105a\u0106C\u0107c"
        + "\u0108C\u0109c\u010aC\u010bc\u010cC\u010dc\u010eD\u010fd\u0110D\u0111d\u0112E\u0113e\u0114E\u0115e"
        + "\u0116E\u0117e\u0118E\u0119e\u011aE\u011be\u011cG\u011dg\u011eG\u011fg\u0120G\u0121g\u0122G\u0123g"
        + "\u0124H\u0125h\u0126H\u0127h\u0128I\u0129i\u012aI\u012bi\u012cI\u012di\u012eI\u012fi\u0130I\u0131i"
        + "\u0134J\u0135j\u0136K\u0137k\u0139L\u013al\u013bL\u013cl\u013dL\u013el\u0141L\u0142l\u0143N\u0144n"
        + "\u0145N\u0146n\u0147N\u0148n\u014cO\u014do\u014eO\u014fo\u0150O\u0151o\u0152O\u0153o\u0154R\u0155r"
        + "\u0156R\u0157r\u0158R\u0159r\u015aS\u015bs\u015cS\u015ds\u015eS\u015fs\u0160S\u0161s\u0162T\u0163t"
        + "\u0164T\u0165t\u0166T\u0167t\u0168U\u0169u\u016aU\u016bu\u016cU\u016du\u016eU\u016fu\u0170U\u0171u"
        + "\u0172U\u0173u\u0174W\u0175w\u0176Y\u0177y\u0178Y\u0179Z\u017bZ\u017cz\u017dZ\u017ez\u0180b\u0189D"
        + "\u0191F\u0192f\u0197I\u019al\u019fO\u01a0O\u01a1o\u01abt\u01aeT\u01afU\u01b0u\u01b6z\u01cdA\u01cea"
        + "\u01cfI\u01d0i\u01d1O\u01d2o\u01d3U\u01d4u\u01d5U\u01d6u\u01d7U\u01d8u\u01d9U\u01dau\u01dbU\u01dcu"
        + "\u01deA\u01dfa\u01e4G\u01e5g\u01e6G\u01e7g\u01e8K\u01e9k\u01eaO\u01ebo\u01ecO\u01edo\u01f0j\u0261g"
        + "\u02b9'\u02ba\"\u02bc'\u02c4^\u02c6^\u02c8'\u02cb`\u02cd_\u02dc~\u0300`\u0302^\u0303~\u030e\""
        + "\u0331_\u0332_\u2000 \u2001 \u2002 \u2003 \u2004 \u2005 \u2006 \u2010-\u2011-\u2013-\u2014-\u2018'"
        + "\u2019'\u201a,\u201c\"\u201d\"\u201e\"\u2022.\u2026.\u2032'\u2035`\u2039<\u203a>\u2122T";

    /// <summary>First and last code point of a run, and what the first becomes.</summary>
    private static readonly (int First, int Last, byte Start)[] Runs =
    [
        (0xff01, 0xff1e, 0x21),
        (0xff20, 0xff5e, 0x40),
    ];

    private static readonly byte[] Map = Create();

    public static byte Of(int code) => (uint)code < (uint)Map.Length ? Map[code] : (byte)0;

    private static byte[] Create()
    {
        var map = new byte[0x10000];
        for (var i = 0; i < Pairs.Length; i += 2) map[Pairs[i]] = (byte)Pairs[i + 1];
        foreach (var (first, last, start) in Runs)
        {
            for (var code = first; code <= last; code++) map[code] = (byte)(start + code - first);
        }

        return map;
    }
}
