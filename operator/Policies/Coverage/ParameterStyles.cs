using WafOperator.Policies.Compilation;
using WafOperator.Protocols.Status;
using WafOperator.Resources.Policies;

namespace WafOperator.Policies.Coverage;

/// <summary>
/// Forms of parameters that sidecars saw in mode Detect → the status: who uses them, and how high the paranoia may be.
/// Nothing is to be listed in the policy for them, so nothing is proposed. Pure.
/// </summary>
public static class ParameterStyles
{
    /// <summary>Styles that many clients used, those of most clients first.</summary>
    /// <param name="sidecars">What each sidecar of the policy saw.</param>
    public static IReadOnlyList<ParameterStyleStatus> Of(IReadOnlyCollection<IReadOnlyList<SeenValue>> sidecars) =>
    [
        .. SeenTogether.Of(sidecars, IsSound).Select(seen => (Seen: seen, Style: Enum.Parse<SeenStyle>(seen.Value)))
            .Select(pair => new ParameterStyleStatus
            {
                Style = ByName.Of<ParameterStyle>(pair.Style), ParanoiaMax = ParanoiaMaxOf(pair.Style),
                Requests = pair.Seen.Requests, Clients = pair.Seen.Clients,
            }),
    ];

    /// <summary>
    /// Highest paranoia at which OWASP CRS takes parameters of the style: repeated names are pollution from 3 on
    /// (921180), at 4 names and values hold no brackets, braces and dollar signs (920273).
    /// </summary>
    public static int ParanoiaMaxOf(SeenStyle style) => style switch
    {
        SeenStyle.Repeated => 2,
        SeenStyle.Dotted => 4,
        _ => 3,
    };

    private static bool IsSound(SeenValue seen) =>
        seen.Kind is SeenKind.ParameterStyle && Enum.GetNames<SeenStyle>().Contains(seen.Value, StringComparer.Ordinal);
}
