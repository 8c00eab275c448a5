using System.Globalization;
using System.Text;

namespace WafOperator.Conformance.Peer;

/// <summary>The comparison as Markdown.</summary>
/// <param name="detection">The suite as its authors run it.</param>
/// <param name="inForce">The same requests with default settings in force.</param>
/// <param name="evasion">The evasion suite.</param>
internal sealed class ComparisonDocument(
    IReadOnlyList<Pair> detection, IReadOnlyList<Pair> inForce, IReadOnlyList<EvasionPair> evasion)
{
    private readonly List<string> _unexplained = [];

    /// <summary>Differences that no cause explains, once the text was written.</summary>
    public IReadOnlyList<string> Unexplained => _unexplained;

    public string Text()
    {
        var text = new StringBuilder("""
            # Verdicts beside ModSecurity

            Written by `tests/Conformance/compare-modsecurity --write`, which installs nginx with ModSecurity 3 from
            Debian 12 and sends it every request of OWASP CRS 3.3.4's regression suite and of our evasion suite over a
            socket. Both firewalls are configured by the same text: Debian's `modsecurity.conf`, `crs-setup.conf`, the
            set-up named in each section, the rules. What fired is read from ModSecurity's audit log. A difference
            without a cause on this page makes the command fail, as does a page that is out of date. (The whole sidecar,
            where it is named, runs a policy with CRS at paranoia 1 instead.)


            """);
        AppendSuite(text);
        AppendRules(text);
        AppendVerdicts(text);
        AppendEvasion(text);
        return text.ToString();
    }

    private void AppendSuite(StringBuilder text)
    {
        var ours = detection.Count(static pair => pair.Ours.Failure is null);
        var peer = detection.Count(static pair => pair.Peer.Failure is null);
        text.Append(CultureInfo.InvariantCulture, $"""
            ## CRS's own tests

            Paranoia 4, detection only, as the suite's authors run it: {detection.Count} requests. As expected here:
            {ours}; in ModSecurity: {peer}. Those that only one of them gets right:

            | test | wrong in | what is wrong | cause |
            |---|---|---|---|

            """);
        foreach (var pair in detection.Where(static pair => pair.Ours.Failure is null != pair.Peer.Failure is null))
        {
            var failure = (pair.Ours.Failure ?? pair.Peer.Failure)!.Split(" (ids")[0];
            var side = pair.Ours.Failure is null ? "ModSecurity" : "ours";
            text.Append(CultureInfo.InvariantCulture,
                $"| {pair.Test.Title} | {side} | {Cell(failure)} | {string.Join(", ", CausesOf(pair))} |\n");
        }
    }

    private void AppendRules(StringBuilder text)
    {
        var differing = detection.Where(static pair => pair.OursOnly.Any() || pair.PeerOnly.Any()).ToList();
        text.Append(CultureInfo.InvariantCulture, $"""

            ## Rules that fired on one side only

            Stricter than the suite asks: of the {detection.Count} requests, {detection.Count - differing.Count} fire
            exactly the same rules in both. The others, by cause:


            """);
        foreach (var cause in Cause.All)
        {
            var rows = differing.SelectMany(pair => Sides(pair)
                    .Where(side => CauseOf(pair, side.Id, side.IsOurs) == cause)
                    .Select(side => (side.Id, side.IsOurs, pair.Test.Title)))
                .GroupBy(static row => (row.Id, row.IsOurs)).OrderBy(static group => group.Key).ToList();
            if (rows.Count == 0) continue;
            text.Append(CultureInfo.InvariantCulture, $"### {cause.Name}\n\n{cause.Reason}\n\n");
            if (cause.Name == Cause.Server)
            {
                var tests = rows.SelectMany(static row => row).Select(static entry => entry.Title).Distinct().Order();
                text.Append($"Tests: {string.Join(", ", tests)}.\n\n");
                continue;
            }

            text.Append("| rule | fires in | tests |\n|---|---|---|\n");
            foreach (var row in rows)
            {
                var titles = string.Join(", ", row.Select(static entry => entry.Title).Distinct());
                text.Append(CultureInfo.InvariantCulture,
                    $"| {row.Key.Id} | {(row.Key.IsOurs ? "ours" : "ModSecurity")} | {titles} |\n");
            }

            text.Append('\n');
        }

        foreach (var pair in differing)
        foreach (var (id, isOurs) in Sides(pair))
        {
            if (CauseOf(pair, id, isOurs) is null)
                _unexplained.Add($"{pair.Test.Title}: {id} fires in {(isOurs ? "ours" : "ModSecurity")} only");
        }
    }

    private void AppendVerdicts(StringBuilder text)
    {
        var differing = inForce.Where(static pair => pair.SidecarStatus is 200 != pair.PeerStatus is 200).ToList();
        text.Append(CultureInfo.InvariantCulture, $"""
            ## Verdicts with default settings

            The same requests at paranoia 1, in force, thresholds at their defaults, whole servers on both sides:
            {inForce.Count - differing.Count} of {inForce.Count} are stopped by both or passed by both. Stopped by our
            sidecar: {inForce.Count(static pair => pair.SidecarStatus is not 200)}; by nginx with ModSecurity:
            {inForce.Count(static pair => pair.PeerStatus is not 200)}. Where they differ:

            | test | our sidecar | ModSecurity | rules on one side | value | cause |
            |---|---|---|---|---|---|

            """);
        foreach (var pair in differing)
        {
            var causes = CausesOf(pair).ToList();
            if (causes.Count == 0) _unexplained.Add($"{pair.Test.Title}: another verdict at paranoia 1");
            text.Append(CultureInfo.InvariantCulture,
                $"| {pair.Test.Title} | {Verdict(pair.SidecarStatus)} | {Verdict(pair.PeerStatus)} | "
                + $"{string.Join(", ", Sides(pair).Select(static side => side.Id))} | {Cell(Value(pair.Input))} | "
                + $"{string.Join(", ", causes)} |\n");
        }
    }

    private void AppendEvasion(StringBuilder text)
    {
        var differing = evasion.Where(static pair => pair.IsOursStopped != pair.IsPeerStopped).ToList();
        text.Append(CultureInfo.InvariantCulture, $"""

            ## Evasion techniques

            The {evasion.Count} requests of [evasion.md](evasion.md) on a socket, paranoia 1, in force, whole servers on
            both sides. Stopped by our sidecar: {evasion.Count(static pair => pair.IsOursStopped)}; by nginx with
            ModSecurity: {evasion.Count(static pair => pair.IsPeerStopped)}. Where they differ:

            | group | technique | ours | ModSecurity |
            |---|---|---|---|

            """);
        foreach (var pair in differing)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {pair.Case.Group} | {pair.Case.Technique} | {pair.OurVerdict} | {pair.PeerVerdict} |\n");
        }
    }

    private static IEnumerable<(long Id, bool IsOurs)> Sides(Pair pair) =>
        pair.OursOnly.Select(static id => (id, true)).Concat(pair.PeerOnly.Select(static id => (id, false)));

    private static Cause? CauseOf(Pair pair, long id, bool isOurs) =>
        Cause.All.FirstOrDefault(cause => cause.Explains(pair, id, isOurs));

    /// <summary>Causes of the rules that differ; of the request as a whole where none does (id 0).</summary>
    private static IEnumerable<string> CausesOf(Pair pair) =>
        (pair.PeerRead && Sides(pair).Any() ? Sides(pair) : [(0, true)])
        .Select(side => CauseOf(pair, side.Id, side.IsOurs)?.Name).OfType<string>().Distinct();

    private static string Verdict(int? status) => status switch
    {
        200 => "passed",
        0 => "no answer",
        _ => $"stopped ({status})",
    };

    private static string Value(CrsInput input)
    {
        var value = input.Data.Length > 0 ? input.Data : input.Uri;
        return value.Length <= 100 ? value : string.Concat(value.AsSpan(0, 100), "…");
    }

    /// <summary>Text of requests as code that no table breaks at.</summary>
    private static string Cell(string text)
    {
        var clean = new string([.. text.Select(static c => char.IsControl(c) || c == '`' ? ' ' : c)]);
        return $"`{clean.Replace("|", "\\|", StringComparison.Ordinal).Trim()}`";
    }
}
